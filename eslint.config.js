import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const noWallClock = ['wsn', 'engine', 'cluster', 'bus', 'delivery', 'producers'].map((room) => `src/${room}/**/*.ts`);

export default tseslint.config(
  { ignores: ['dist', 'data', 'coverage', '**/*.js', '**/*.cjs'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      complexity: ['error', 16],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: noWallClock,
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'Date', message: 'Use the Clock that is passed in' },
        { name: 'setTimeout', message: 'Use the Clock that is passed in' },
        { name: 'setInterval', message: 'Use the Clock that is passed in' },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'demo/**/*.ts', 'scripts/**/*.ts', '*.config.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'no-restricted-exports': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['bench/**/*.ts', 'demo/**/*.ts', 'scripts/**/*.ts', 'test/e2e/**/*.ts', 'test/faults/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
