import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../src/kernel/cancellation.ts';

describe('Cancellation', () => {
  it('tells each listener once, and not those that have left', () => {
    const cancellation = new Cancellation();
    const heard: string[] = [];
    const left = (): void => void heard.push('left');
    cancellation.addEventListener('abort', () => heard.push('first'));
    cancellation.addEventListener('abort', left);
    cancellation.addEventListener('abort', () => heard.push('second'));
    cancellation.removeEventListener('abort', left);
    cancellation.abort('why');
    cancellation.abort('again');
    expect(heard).toEqual(['first', 'second']);
    expect([cancellation.aborted, cancellation.reason]).toEqual([true, 'why']);
  });
});
