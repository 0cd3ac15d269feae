/** A file without a mistake. */
export const GOOD = `name: good
topology: combined
publicUrl: http://gateway:8080
proxies:
  - { name: proxy1, listen: 127.0.0.1:8080 }
servers:
  - { name: server1, listen: 127.0.0.1:8081 }
  - { name: server2, listen: 127.0.0.1:8082 }
  - { name: server3, listen: 127.0.0.1:8083 }
engines:
  - { name: ME1, candidates: [server1, server2] }
  - { name: ME2, candidates: [server3, server1] }
store: { sqlite: { directory: data } }
`;

/** GOOD with one thing replaced; throws when that thing is not there. */
export function change(from: string, to: string): string {
  if (!GOOD.includes(from)) throw new Error(`the good file has no ${from}`);
  return GOOD.replace(from, to);
}

export interface BadFile {
  readonly what: string;
  readonly text: string;
  /** `line:column path` */
  readonly at: string;
  /** What the message and the hint must contain. */
  readonly says: readonly string[];
}

/** One mistake each. */
export const BAD_FILES: readonly BadFile[] = [
  // The text
  { what: 'an empty file', text: '', at: '1:1 ', says: ['found nothing, expected a mapping'] },
  { what: 'only a comment', text: '# nothing\n', at: '1:1 ', says: ['found nothing'] },
  { what: 'a list', text: '- a\n', at: '1:1 ', says: ['found a list of 1, expected a mapping'] },
  { what: 'an unclosed quote', text: 'name: "x', at: '1:9 ', says: ['not YAML', 'closing'] },
  { what: 'a tab as indentation', text: 'proxies:\n\t- a', at: '2:1 ', says: ['found a tab, expected spaces'] },
  { what: 'two documents', text: `${GOOD}---\nname: b\n`, at: '14:1 ', says: ['a second document, expected one'] },
  {
    what: 'an IPv6 address without quotes',
    text: change('{ name: server1, listen: 127.0.0.1:8081 }', '\n      name: server1\n      listen: [::1]:8081'),
    at: '9:20 ',
    says: ['not YAML', '"[::1]:8080"'],
  },
  {
    what: 'a key given twice',
    text: `${GOOD}name: again\n`,
    at: '14:1 ',
    says: ['"name" twice, expected each key once'],
  },
  { what: 'an unknown tag', text: change('good', '!shout good'), at: '1:7 ', says: ['not YAML', '!shout'] },
  { what: 'an alias of nothing', text: change('good', '*good'), at: '1:7 ', says: ['"*good"', 'an anchor before it'] },
  {
    what: 'an alias within itself',
    text: change('[server1, server2]', '&all [server1, *all]'),
    at: '11:45 ',
    says: ['"*all" within what it stands for'],
  },
  { what: 'deep nesting', text: '['.repeat(100_000), at: '1:65 ', says: ['more than 64 levels'] },
  { what: 'deep indentation', text: `a:\n${' '.repeat(300)}b: 1\n`, at: '2:201 ', says: ['more than 64 levels'] },
  { what: 'a huge file', text: `${GOOD}#${'x'.repeat(300_000)}`, at: '1:1 ', says: ['expected at most 262144'] },

  // Keys
  {
    what: 'an unknown key, close to one',
    text: `${GOOD}limit: {}\n`,
    at: '14:1 limit',
    says: ['the unknown key "limit"', 'did you mean "limits"?'],
  },
  {
    what: 'an unknown key, close to none',
    text: `${GOOD}limits: { colour: red }\n`,
    at: '14:11 limits.colour',
    says: ['the unknown key "colour"', 'maxBody, hold, maxHeldRequests, maxHeld'],
  },
  {
    what: 'a misspelt key that is required (one mistake, not two)',
    text: change('proxies:', 'proxys:'),
    at: '4:1 proxys',
    says: ['did you mean "proxies"?'],
  },
  { what: 'a merge key', text: `${GOOD}<<: {}\n`, at: '14:1 "<<"', says: ['the unknown key "<<"'] },
  { what: 'a key of the object prototype', text: `${GOOD}__proto__: 1\n`, at: '14:1 __proto__', says: ['"__proto__"'] },
  {
    what: 'a missing key',
    text: change('name: good\n', ''),
    at: '1:1 name',
    says: ['missing, expected a name of up to 64'],
  },
  {
    what: 'a key missing deeper down',
    text: change('{ name: server2, listen: 127.0.0.1:8082 }', '{ name: server2 }'),
    at: '8:5 servers[1].listen',
    says: ['missing, expected "host:port"'],
  },

  // Values
  { what: 'a number as name', text: change('good', '7'), at: '1:7 name', says: ['found 7', 'in quotes: "7"'] },
  { what: 'a name with a slash', text: change('good', 'a/b'), at: '1:7 name', says: ['found "a/b", expected a name'] },
  { what: 'no value at all', text: change('name: good', 'name:'), at: '1:1 name', says: ['found nothing'] },
  {
    what: 'a kind that does not exist',
    text: change('topology: combined', 'topology: combind'),
    at: '2:11 topology',
    says: ['found "combind"', '"high-availability"', 'did you mean "combined"?'],
  },
  {
    what: 'a mapping for a list',
    text: `${GOOD.split('engines')[0] ?? ''}engines: { a: 1 }`,
    at: '10:10 engines',
    says: ['found a mapping, expected a list'],
  },
  {
    what: 'an empty list',
    text: `${GOOD.split('engines')[0] ?? ''}engines: []`,
    at: '10:10 engines',
    says: ['found an empty list, expected a list with at least one engine'],
  },
  { what: 'a bare port', text: change('127.0.0.1:8081', '8081'), at: '7:30 servers[0].listen', says: ['found 8081'] },
  { what: 'port 0', text: change('127.0.0.1:8081', '127.0.0.1:0'), at: '7:30 servers[0].listen', says: ['1 to 65535'] },
  { what: 'port 65536', text: change('.1:8081', '.1:65536'), at: '7:30 servers[0].listen', says: ['1 to 65535'] },
  {
    what: 'half an IPv4 address',
    text: change('127.0.0.1:8081', '127.0.1:8081'),
    at: '7:30 servers[0].listen',
    says: ['"127.0.1:8081"'],
  },
  {
    what: 'an IPv6 address that is none',
    text: change('127.0.0.1:8081', '"[::1::]:8081"'),
    at: '7:30 servers[0].listen',
    says: ['[IPv6]:port'],
  },
  {
    what: 'a star as host',
    text: change('127.0.0.1:8080', '"*:8080"'),
    at: '5:29 proxies[0].listen',
    says: ['"*:8080"'],
  },
  ...['0', '65', '2.5', 'auto', '"2"'].map((workers) => ({
    what: `${workers} as a number of workers`,
    text: change('127.0.0.1:8080', `127.0.0.1:8080, workers: ${workers}`),
    at: '5:54 proxies[0].workers',
    says: ['expected a whole number from 1 to 64'],
  })),
  {
    what: 'a duration without unit',
    text: `${GOOD}lease: { ttl: 3 }\n`,
    at: '14:15 lease.ttl',
    says: ['found 3, expected a duration'],
  },
  {
    what: 'a duration beyond its bounds',
    text: `${GOOD}lease: { ttl: 6m }\n`,
    at: '14:15 lease.ttl',
    says: ['"6m"', '200ms to 5m'],
  },
  {
    what: 'a size of an unknown unit',
    text: `${GOOD}limits: { maxBody: 4MB }\n`,
    at: '14:20 limits.maxBody',
    says: ['"4MB"', '4MiB'],
  },
  {
    what: 'a size beyond its bounds',
    text: `${GOOD}limits: { maxBody: 12 }\n`,
    at: '14:20 limits.maxBody',
    says: ['found 12', '1KiB to 64MiB'],
  },
  {
    what: 'half a request',
    text: `${GOOD}limits: { maxHeldRequests: 1.5 }\n`,
    at: '14:28 limits.maxHeldRequests',
    says: ['found 1.5, expected a whole number'],
  },
  {
    what: 'a strange failback',
    text: change('server2] }', 'server2], failback: auto }'),
    at: '11:60 engines[0].failback',
    says: ['"auto"', '"manual"'],
  },
  {
    what: 'a relative publicUrl',
    text: change('http://gateway:8080', 'gateway:8080'),
    at: '3:12 publicUrl',
    says: ['absolute http or https URL'],
  },
  {
    what: 'a publicUrl with a path',
    text: change('gateway:8080', 'gateway/wsn'),
    at: '3:12 publicUrl',
    says: ['without path'],
  },
  {
    what: 'a publicUrl with a query',
    text: change('gateway:8080', 'gateway/?a'),
    at: '3:12 publicUrl',
    says: ['query'],
  },
  {
    what: 'a publicUrl of a bad host',
    text: change('gateway:8080', '[::x]:80'),
    at: '3:12 publicUrl',
    says: ['"http://[::x]:80"'],
  },
  {
    what: 'PostgreSQL',
    text: change('sqlite: { directory: data }', 'postgres: { url: x }'),
    at: '13:10 store.postgres',
    says: ['this version keeps its engines in SQLite only'],
  },
  {
    what: 'a value behind an anchor',
    text: change('data }', '&d 5 }'),
    at: '13:34 store.sqlite.directory',
    says: ['found 5, expected the path'],
  },

  // Names
  {
    what: 'two servers of one name',
    text: change('name: server2', 'name: server1').replace('[server1, server2]', '[server1, server3]'),
    at: '8:13 servers[1].name',
    says: ['"server1", the name of servers[0].name'],
  },
  {
    what: 'a server named like a proxy',
    text: change('name: server3', 'name: Proxy1').replace('[server3, server1]', '[Proxy1, server1]'),
    at: '9:13 servers[2].name',
    says: ['but for capitals "proxy1" of proxies[0].name'],
  },
  {
    what: 'two engines of one name',
    text: change('name: ME2', 'name: ME1'),
    at: '12:13 engines[1].name',
    says: ['the name of engines[0].name', 'unique among engines'],
  },
  {
    what: 'a candidate that is no server',
    text: change('[server3, server1]', '[server3, sever1]'),
    at: '12:40 engines[1].candidates[1]',
    says: ['"sever1"', 'did you mean "server1"?'],
  },
  {
    what: 'a candidate that is a proxy',
    text: change('[server3, server1]', '[proxy1, server1]'),
    at: '12:31 engines[1].candidates[0]',
    says: ['the servers are server1, server2 and server3'],
  },
  {
    what: 'a candidate twice',
    text: change('[server3, server1]', '[server3, server3]'),
    at: '12:40 engines[1].candidates[1]',
    says: ['the candidate "server3" twice'],
  },

  // Addresses
  {
    what: 'two servers on one address',
    text: change('127.0.0.1:8082', 'localhost:8081'),
    at: '8:30 servers[1].listen',
    says: ['taken by servers[0].listen (127.0.0.1:8081)'],
  },
  {
    what: 'a server on the address of a proxy',
    text: change('127.0.0.1:8083', '0.0.0.0:8080'),
    at: '9:30 servers[2].listen',
    says: ['taken by proxies[0].listen (127.0.0.1:8080)'],
  },
  {
    what: 'a wire on the address of a server',
    text: change('8082 }', '8082, wire: "[::1]:8083" }'),
    at: '9:30 servers[2].listen',
    says: ['taken by servers[1].wire ([::1]:8083)'],
  },
  {
    what: 'a default wire on the address of a server',
    text: change('127.0.0.1:8083', '127.0.0.1:8091'),
    at: '7:30 servers[0].listen',
    says: ['the default wire address 127.0.0.1:8091, taken by servers[2].listen', 'set "wire"'],
  },
  {
    what: 'a default wire beyond the last port',
    text: change('127.0.0.1:8083', '127.0.0.1:65530'),
    at: '9:30 servers[2].listen',
    says: ['port 65540, expected at most 65535', 'set "wire"'],
  },
  {
    what: 'the public URL of a server',
    text: change('http://gateway:8080', 'http://LOCALHOST:8082/'),
    at: '3:12 publicUrl',
    says: ['an address of server2', 'the first proxy listens on 127.0.0.1:8080'],
  },
  {
    what: 'the public URL of a wire',
    text: change('http://gateway:8080', 'http://[::]:8093'),
    at: '3:12 publicUrl',
    says: ['an address of server3'],
  },
  {
    what: 'the public URL of a server on port 80',
    text: change('gateway:8080', 'web').replaceAll('127.0.0.1', 'WEB').replace('8083', '80'),
    at: '3:12 publicUrl',
    says: ['an address of server3'],
  },
  {
    what: 'no public URL and a proxy on every address',
    text: change('publicUrl: http://gateway:8080\n', '').replace('127.0.0.1:8080', '0.0.0.0:8080'),
    at: '1:1 publicUrl',
    says: ['missing', 'listens on every address (0.0.0.0:8080)'],
  },
  {
    what: 'candidates on several hosts',
    text: change('127.0.0.1:8082', 'other:8082'),
    at: '11:30 engines[0].candidates',
    says: ['server1 on 127.0.0.1, server2 on other', 'need PostgreSQL'],
  },

  // Kinds
  {
    what: 'combined, declared as single',
    text: change('topology: combined', 'topology: single'),
    at: '2:11 topology',
    says: [
      'declared "single" (one server',
      '3 servers and 2 engines (ME1 with 2 candidates, ME2 with 2 candidates)',
      'this shape is "combined"',
      'write "topology: combined"',
    ],
  },
  {
    what: 'combined, declared as load-balanced',
    text: change('topology: combined', 'topology: load-balanced'),
    at: '2:11 topology',
    says: ['ME1 and ME2 with more than one candidate'],
  },
  {
    what: 'combined, declared as high-availability',
    text: change('topology: combined', 'topology: high-availability'),
    at: '2:11 topology',
    says: ['2 engines instead of one', 'this shape is "combined"'],
  },
  {
    what: 'high-availability, declared as load-balanced',
    text: change(
      '[server1, server2] }\n  - { name: ME2, candidates: [server3, server1] }',
      '[server1, server2, server3] }',
    ).replace('combined', 'load-balanced'),
    at: '2:11 topology',
    says: ['fewer than two engines', 'this shape is "high-availability"'],
  },
  {
    what: 'high-availability without all servers',
    text: change('  - { name: ME2, candidates: [server3, server1] }\n', '').replace('combined', 'high-availability'),
    at: '2:11 topology',
    says: ['server3 is no candidate', 'none of the four kinds'],
  },
  {
    what: 'load-balanced, declared as combined',
    text: change('[server1, server2]', '[server1]')
      .replace('[server3, server1]', '[server3]')
      .replace('  - { name: server2, listen: 127.0.0.1:8082 }\n', ''),
    at: '2:11 topology',
    says: ['no engine with two or more candidates', 'this shape is "load-balanced"'],
  },
  {
    what: 'load-balanced with an idle server',
    text: change('[server1, server2]', '[server1]')
      .replace('[server3, server1]', '[server3]')
      .replace('combined', 'load-balanced'),
    at: '2:11 topology',
    says: ['server2 hosts no engine', 'none of the four kinds'],
  },
  {
    what: 'combined with more engines than servers',
    text: change(
      'engines:\n',
      'engines:\n  - { name: ME3, candidates: [server1] }\n  - { name: ME4, candidates: [server1] }\n',
    ),
    at: '2:11 topology',
    says: ['more engines than servers', 'none of the four'],
  },
  {
    what: 'single with a spare server',
    text: change('[server1, server2] }\n  - { name: ME2, candidates: [server3, server1] }', '[server1] }').replace(
      'combined',
      'single',
    ),
    at: '2:11 topology',
    says: ['3 servers instead of one'],
  },

  // Times
  {
    what: 'a lease that no missed renewal survives',
    text: `${GOOD}lease: { ttl: 2s, renewEvery: 500ms, guard: 1s }\n`,
    at: '14:15 lease.ttl',
    says: ['found 2s, expected more than guard + 2 × renewEvery = 2s'],
  },
  {
    what: 'a lease broken by a default',
    text: `${GOOD}lease:\n  guard: 5s\n`,
    at: '15:3 lease.ttl',
    says: ['found 3s', '= 6s'],
  },
  {
    what: 'a connection slower than all',
    text: `${GOOD}delivery: { connectTimeout: 20s }\n`,
    at: '14:29 delivery.connectTimeout',
    says: ['found 20s, expected at most totalTimeout = 15s'],
  },
  {
    what: 'a first retry after the last',
    text: `${GOOD}delivery: { firstRetry: 10m }\n`,
    at: '14:25 delivery.firstRetry',
    says: ['found 10m, expected at most maxRetry = 5m'],
  },
];
