import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort, SeparateMembers } from '../support/members.ts';
import { publish } from '../support/soap-client.ts';

async function topologyOnOwnPorts(): Promise<{ readonly url: string; readonly text: string }> {
  const [http, wire] = [await freePort(), await freePort()];
  const text = `
name: twins
topology: single
publicUrl: http://127.0.0.1:9
proxies: [{ name: proxy1, listen: 127.0.0.1:9 }]
servers: [{ name: server1, listen: 127.0.0.1:${String(http)}, wire: 127.0.0.1:${String(wire)} }]
engines: [{ name: ME1, candidates: [server1] }]
limits: { hold: 500ms }
`;
  return { url: `http://127.0.0.1:${String(http)}`, text };
}

it('F22: of two processes with the same name over one store only one runs the engine, and the other takes over', async () => {
  const [first, second] = [await topologyOnOwnPorts(), await topologyOnOwnPorts()];
  await using members = new SeparateMembers();
  await members.start('server', 'server1', first.text, ['ME1'], 'first');
  await members.start('server', 'server1', second.text, [], 'second');
  expect((await publish(first.url, 't', '1')).status).toBe(202);
  const refused = await publish(second.url, 't', '2');
  expect(refused.status).toBe(503);
  expect(Number(refused.retryAfter)).toBeGreaterThan(0);
  expect(members.epochsOf('second', 'ME1')).toEqual([]);

  await members.kill('first');
  await eventually('the other has taken over', () => members.epochsOf('second', 'ME1').length === 1);
  expect(members.epochsOf('first', 'ME1')).toEqual([1]);
  expect(members.epochsOf('second', 'ME1')).toEqual([2]);
  expect((await publish(second.url, 't', '3')).status).toBe(202);
});
