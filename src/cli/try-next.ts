import type { Topology } from '../topology/model.ts';

/** What `pointsman up` prints once everything serves: commands to copy, which work as they stand. */
export function whatToTryNext({ publicUrl, engines }: Topology, file: string): string {
  const wsdl = `${publicUrl}/wsn/NotificationBroker?wsdl`;
  const pointsman = 'node dist/main.js';
  const suffix = publicUrl === 'http://127.0.0.1:8080' ? '' : ` --wsdl '${wsdl}'`;
  const lines = [
    '',
    `Ready. The front door is ${publicUrl}; its WSDL is ${wsdl}`,
    '',
    'Try, each in a terminal of its own:',
    `  ${pointsman} subscribe --topic news/weather${suffix}`,
    `  ${pointsman} publish --topic news/weather --message '<rain xmlns="urn:weather">heavy</rain>' --count 3${suffix}`,
    `  ${pointsman} pull --topic news/weather${suffix}`,
    `  ${pointsman} status ${file}`,
  ];
  const moving = engines.find(({ candidates }) => candidates.length > 1);
  if (moving !== undefined) {
    lines.push(
      '',
      `Then kill the server that hosts ${moving.name} (its pid is in the status) with kill -9, publish again,`,
      'and see the next notification arrive.',
    );
  }
  lines.push('', 'Ctrl-C drains and stops everything.');
  return lines.join('\n');
}
