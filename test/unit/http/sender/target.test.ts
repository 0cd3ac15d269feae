import { expect, it } from 'vitest';
import { parseTarget } from '../../../../src/http/sender/target.ts';

it.each([
  ['http://Consumer.example', 'consumer.example', 80, '/', 'consumer.example'],
  ['http://consumer.example:80/a', 'consumer.example', 80, '/a', 'consumer.example'],
  ['http://consumer.example:8080/a b?c=é#d', 'consumer.example', 8080, '/a%20b?c=%C3%A9', 'consumer.example:8080'],
  ['http://[::1]:8080/', '::1', 8080, '/', '[::1]:8080'],
  ['https://me:secret@consumer.example/', 'consumer.example', 443, '/', 'consumer.example'],
  ['http://consumer.example/\r\nX-Bad: a', 'consumer.example', 80, '/X-Bad:%20a', 'consumer.example'],
])('takes %s apart', (url, host, port, path, hostField) => {
  expect(parseTarget(url)).toMatchObject({
    host,
    port,
    path,
    isPlain: url.startsWith('http:'),
    requestLines: `POST ${path} HTTP/1.1\r\nhost: ${hostField}\r\nconnection: keep-alive\r\n`,
  });
});
