import { execFileSync } from 'node:child_process';
import { OtherProxy, type ServerOf } from './other-proxy.ts';

/** The version of the HAProxy that is installed; undefined: none is. */
export function haproxyVersion(): string | undefined {
  try {
    return /version (\S+)/.exec(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * HAProxy with one thread in front of the servers, as somebody would set it up who knows them. It finds the engine in the
 * path of the request, or by the reference parameters that it looks for in the body.
 */
export async function startHaproxy(serverOf: ServerOf, by: 'path' | 'body'): Promise<OtherProxy> {
  return OtherProxy.start({
    command: 'haproxy',
    args: (_directory, file) => ['-f', file, '-db'],
    configuration: (_directory, port) => configuration(serverOf, by, port),
  });
}

function configuration(serverOf: ServerOf, by: 'path' | 'body', port: number): string {
  const engines = [...serverOf.keys()];
  const condition = (engine: string): string =>
    by === 'path' ? `path_beg /wsn/SubscriptionManager/${engine}/` : `req.body -m sub Engine>${engine}<`;
  return [
    'global\n  nbthread 1\n  maxconn 8192\n  tune.bufsize 32768',
    'defaults\n  mode http\n  http-reuse always\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s',
    `frontend door\n  bind 127.0.0.1:${port}`,
    ...(by === 'body' ? ['  option http-buffer-request'] : []),
    ...engines.map((engine) => `  use_backend ${engine} if { ${condition(engine)} }`),
    '  default_backend any',
    ...[...serverOf].map(([engine, server]) => `backend ${engine}\n  server s ${server}`),
    'backend any\n  balance roundrobin',
    ...[...new Set(serverOf.values())].map((server, index) => `  server s${index} ${server}`),
    '',
  ].join('\n');
}
