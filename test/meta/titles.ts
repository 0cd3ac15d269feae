import ts from 'typescript';

/** The titles of the tests and groups of a file. */
export function titlesIn(text: string): readonly string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(?:it|test|describe|longer)\b/.test(node.expression.getText())) {
      const [title] = node.arguments;
      const isTitle = title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title));
      if (isTitle) titles.push(title.getText().slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('tests.ts', text, ts.ScriptTarget.ES2023, true));
  return titles;
}
