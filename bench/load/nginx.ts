import { spawnSync } from 'node:child_process';
import { OtherProxy, type ServerOf } from './other-proxy.ts';

/** The version of the nginx that is installed; undefined: none is. */
export function nginxVersion(): string | undefined {
  const { error, stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  return error === undefined ? /nginx\/(\S+)/.exec(stderr)?.[1] : undefined;
}

/** nginx with one process in front of the servers; it finds the engine in the path of the request. */
export async function startNginx(serverOf: ServerOf): Promise<OtherProxy> {
  return OtherProxy.start({
    command: 'nginx',
    args: (directory, file) => ['-p', directory, '-c', file, '-e', `${directory}/error.log`],
    configuration: (directory, port) => configuration(serverOf, directory, port),
  });
}

const FOLDERS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
/** Never so many that a connection is closed for it. */
const ENDLESS = 1_000_000_000;

function configuration(serverOf: ServerOf, directory: string, port: number): string {
  const upstream = (name: string, servers: Iterable<string>): string =>
    [
      `upstream ${name} {`,
      ...[...servers].map((server) => `server ${server};`),
      `keepalive 256; keepalive_requests ${ENDLESS}; }`,
    ].join(' ');
  const location = (path: string, name: string): string =>
    `location ${path} { proxy_pass http://${name}; proxy_http_version 1.1; proxy_set_header Connection ""; }`;
  return [
    // Without a master there is one process to count the time of.
    'daemon off; master_process off; worker_processes 1;',
    `pid ${directory}/nginx.pid;`,
    'events { worker_connections 8192; }',
    'http {',
    `access_log off; keepalive_requests ${ENDLESS}; tcp_nodelay on;`,
    // Bodies stay in memory, as they do in the others.
    'client_max_body_size 8m; client_body_buffer_size 2m;',
    ...FOLDERS.map((folder) => `${folder}_temp_path ${directory}/${folder};`),
    ...[...serverOf].map(([engine, server]) => upstream(engine, [server])),
    upstream('any', new Set(serverOf.values())),
    `server { listen 127.0.0.1:${port};`,
    ...[...serverOf.keys()].map((engine) => location(`/wsn/SubscriptionManager/${engine}/`, engine)),
    location('/', 'any'),
    '} }',
    '',
  ].join('\n');
}
