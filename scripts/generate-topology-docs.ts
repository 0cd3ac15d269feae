/**
 * Writes topologies/topology.schema.json and docs/topology.md from the schema that also checks topology files.
 * Run it after each change of src/topology/*schema.ts or src/soap/tolerance.ts; test/meta/topologies.test.ts notices when that was forgotten.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DEVIATIONS, REFUSED_DEVIATIONS } from '../src/soap/tolerance.ts';
import { KEY_RULES, LIST_RULES, type ChangeRule } from '../src/topology/change-rules.ts';
import { KIND_NAMES, KINDS } from '../src/topology/kind.ts';
import { topologySchema } from '../src/topology/schema.ts';
import { MAX_SOURCE_LENGTH } from '../src/topology/source.ts';

/** A file as it should be; the path is relative to the root of the repository. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Both generated files. Pure: the same schema gives the same text. */
export function generateTopologyDocs(): readonly GeneratedFile[] {
  const schema = z.toJSONSchema(topologySchema, { io: 'input', target: 'draft-7' }) as Property;
  const named = describeDeviations({ ...schema, title: 'Pointsman topology' });
  return [
    { path: 'topologies/topology.schema.json', text: `${JSON.stringify(named, null, 2)}\n` },
    { path: 'docs/topology.md', text: renderReference(schema) },
  ];
}

/** The part of a JSON schema that the documentation shows. */
interface Property {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Property>>;
  readonly items?: Property;
}

/** What each deviation is says the table of the soap room, which the topology room may not see. */
function describeDeviations(schema: Property): Property {
  const { tolerate } = schema.properties ?? {};
  const named = Object.entries(tolerate?.properties ?? {}).map(([name, property]) => {
    const deviation = Object.entries(DEVIATIONS).find(([key]) => key === name)?.[1];
    if (deviation === undefined) throw new Error(`The table of deviations has no ${name}`);
    const off = 'isOffBecause' in deviation ? ' Refused unless named here.' : '';
    return [
      name,
      { ...property, description: `${capital(deviation.what)}. Seen in: ${deviation.seenIn}.${off}` },
    ] as const;
  });
  return {
    ...schema,
    properties: { ...schema.properties, tolerate: { ...tolerate, properties: Object.fromEntries(named) } },
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

interface Section {
  readonly path: string;
  readonly description: string;
  readonly schema: Property;
}

function renderReference(schema: Property): string {
  const sections = sectionsOf(schema, '');
  return [
    INTRODUCTION,
    '## Kinds\n',
    ...KIND_NAMES.map((kind) => `- \`${kind}\`: ${KINDS[kind]}.`),
    KINDS_CLOSING,
    ...sections.map(renderSection),
    CLOSING,
  ].join('\n');
}

function sectionsOf(schema: Property, path: string): Section[] {
  const own = schema.items ?? schema;
  const suffix = schema.items === undefined ? '' : '[]';
  const nested = Object.entries(own.properties ?? {}).flatMap(([key, property]) =>
    isSection(property) ? sectionsOf(property, path === '' ? key : `${path}${suffix}.${key}`) : [],
  );
  return [{ path: `${path}${suffix}`, description: schema.description ?? '', schema: own }, ...nested];
}

function isSection(property: Property): boolean {
  return property.properties !== undefined || property.items?.properties !== undefined;
}

function renderSection({ path, description, schema }: Section): string {
  const heading = path === '' ? '## Keys of the file' : `## \`${path}\``;
  if (path === 'tolerate') return `${heading}\n\n${description}\n\n${DEVIATION_TABLES}`;
  const rows = Object.entries(schema.properties ?? {}).map(([key, property]) => {
    const [meaning = '', ruled] = (property.description ?? '').split(/\s*Default: /);
    const cells = [
      `\`${key}\``,
      formOf(property),
      defaultOf(property, ruled, schema.required?.includes(key) === true),
      meaning,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const intro = path === '' ? '' : `${description}\n\n`;
  return `${heading}\n\n${intro}| key | value | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function formOf(property: Property): string {
  if (property.enum !== undefined) return property.enum.map((value) => `\`${value}\``).join(', ');
  if (property.title !== undefined) return property.title;
  if (property.type === 'array') return isSection(property) ? 'list, see below' : `list of ${listedForm(property)}`;
  if (property.properties !== undefined) return 'mapping, see below';
  const isBounded = property.minimum !== undefined && property.maximum !== undefined;
  return isBounded ? `whole number, ${property.minimum} to ${property.maximum}` : (property.type ?? '');
}

function listedForm({ items }: Property): string {
  return { name: 'names', path: 'paths' }[items?.title ?? ''] ?? `entries: ${items?.title ?? ''}`;
}

function defaultOf(property: Property, ruled: string | undefined, isRequired: boolean): string {
  if (ruled !== undefined) return ruled.replace(/\.$/, '');
  if (isRequired) return 'required';
  if (property.type === 'array') return 'none';
  return property.properties === undefined ? `\`${String(property.default)}\`` : 'as below';
}

/** Rows of cells as a table. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return `${lines.join('\n')}\n`;
}

const DEVIATION_TABLES = [
  'What follows is accepted unless `strict` or `tolerate` says otherwise. Nothing of it is ever emitted.\n',
  table(
    ['deviation', 'what is accepted', 'seen in'],
    Object.entries(DEVIATIONS).flatMap(([name, row]) =>
      'isOffBecause' in row ? [] : [[`\`${name}\``, row.what, row.seenIn]],
    ),
  ),
  'Refused unless `tolerate` names it with `true`:\n',
  table(
    ['deviation', 'what is accepted then', 'seen in', 'why not without being asked'],
    Object.entries(DEVIATIONS).flatMap(([name, row]) =>
      'isOffBecause' in row ? [[`\`${name}\``, row.what, row.seenIn, row.isOffBecause]] : [],
    ),
  ),
  'Seen too, and always refused:\n',
  table(
    ['what', 'seen in', 'why it is refused'],
    Object.values(REFUSED_DEVIATIONS).map(({ what, seenIn, because }) => [what, seenIn, because]),
  ),
].join('\n');

/** An empty cell would be taken for a mistake. */
const cellOf = (note: string | undefined): string => note ?? '–';

const CHANGE_TABLE = table(
  ['key', 'may change', 'note'],
  [
    ...Object.entries(KEY_RULES).map(([key, { change, note }]) => [`\`${key}\``, change, cellOf(note)]),
    ...Object.entries(LIST_RULES).flatMap(([list, { added, removed, note, members }]) => [
      [`\`${list}[]\` added`, added, cellOf(undefined)],
      [`\`${list}[]\` removed`, removed, cellOf(note)],
      ...Object.entries(members as Readonly<Record<string, Pick<ChangeRule<never>, 'change' | 'note'>>>).map(
        ([field, rule]) => [`\`${list}[].${field}\``, rule.change, cellOf(rule.note)],
      ),
    ]),
  ],
);

const INTRODUCTION = `# The topology file

<!-- Generated by scripts/generate-topology-docs.ts from src/topology/schema.ts. Do not edit. -->

A topology is one YAML file (YAML 1.2, UTF-8, at most ${MAX_SOURCE_LENGTH / 1024} KiB) that names every proxy, server and messaging engine. All
members read the same file. \`pointsman validate FILE\` checks it: every mistake is reported at once, each with its file,
line and column, with what was found and what was expected, and the command ends with exit code 2.

Editors complete the keys when the first line is

\`\`\`yaml
# yaml-language-server: $schema=topology.schema.json
\`\`\`

Examples: [single](../topologies/single.yaml), [load-balanced](../topologies/load-balanced.yaml),
[high-availability](../topologies/high-availability.yaml), [combined](../topologies/combined.yaml).

## Forms

- **name**: up to 64 letters, digits, \`.\`, \`_\` or \`-\`; the first a letter or a digit. Proxies and servers share one set
  of names, engines have their own. Names that differ only in capitals count as equal.
- **host:port**: a host name, an IPv4 address or an IPv6 address in brackets (in quotes, as YAML wants it:
  \`"[::1]:8080"\`), and a port from 1 to 65535. No two members share an address; \`localhost\`, loopback addresses and
  wildcards such as \`0.0.0.0\` count as the same host.
- **duration**: a whole number with a unit: \`500ms\`, \`30s\`, \`5m\`, \`24h\`.
- **size**: a whole number of bytes, or one with a unit: \`65536\`, \`512KiB\`, \`4MiB\`, \`1GiB\`.
`;

const KINDS_CLOSING = `
The file declares its kind, and the shape has to agree: a file that says \`load-balanced\` and has one engine is a mistake,
not a guess.
`;

const CLOSING = `## A file with all that is optional about the broker's conduct

\`\`\`yaml
name: hospital
topology: single
proxies: [{ name: proxy1, listen: 127.0.0.1:8080 }]
servers: [{ name: server1, listen: 127.0.0.1:8081 }]
engines: [{ name: ME1, candidates: [server1] }]
strict: true
tolerate: { messageIdMissing: true, actionOnlyInHttp: true }
replyTo: [client.example, "replies.example:8443"]
profiles: { dsub: true, onvif: true }
topics: { fixed: true, namespaces: [dsub.xml], sets: [topics.xml] }
publishers: { registration: required }
subscriptions: { renewGrace: 1m, pauseRetention: last }
pullPoints: { lifetime: 24h }
sources:
  - name: registry
    address: https://registry.example/broker
    soap: 1.1
    topics:
      - { expression: "ihe:FullDocumentEntry", namespaces: { ihe: "urn:ihe:iti:dsub:2009" } }
    lifetime: 12h
  - { name: camera, kind: onvif, address: "http://camera.example/onvif/event_service" }
\`\`\`

## Rules between keys

- A candidate is the name of a server, and no server is a candidate of the same engine twice.
- \`publicUrl\` is never the \`listen\` or \`wire\` address of a server. It must be given when the first proxy listens on a
  wildcard address, which no client could connect to.
- All candidates of one engine are on one host, because a SQLite store is on the disk of one machine.
- \`lease.ttl\` is more than \`lease.guard\` + 2 × \`lease.renewEvery\`.
- \`delivery.connectTimeout\` is at most \`delivery.totalTimeout\`, \`delivery.firstRetry\` at most \`delivery.maxRetry\`.
- \`topics.fixed\` needs at least one file in \`topics.sets\`. Files are relative to the folder of the topology file.
- The \`engine\` of a source is the name of an engine. Its \`address\` is neither \`publicUrl\` nor an address of a member:
  what an engine publishes would come back to it. Names of sources that differ only in capitals count as equal.

## Changing it while it runs

\`pointsman up\`, and members that are started alone, read the file again at SIGHUP and when its content changes. The new file is taken as a
whole, or refused as a whole: then every reason is printed with its place, and what held before still holds.
\`pointsman validate FILE --against RUNNING_FILE\` says beforehand what would change.

- **live**: taken up at once.
- **rolling**: refused until each member is started anew, one after the other: \`pointsman restart --rolling\`.
- **never**: not while anything runs.

${CHANGE_TABLE}
With a \`version\`, members tell each other which one they have; \`pointsman status\` shows who is behind. A file with a lower version than the running
one is refused, and so is other content with the same version.

## Environment

| variable | effect |
| --- | --- |
| \`POINTSMAN_PORT_BASE\` | Shifts all ports: the lowest port of the topology becomes this one, the others keep their distance to it. \`publicUrl\` follows when its port is that of a proxy. |
| \`POINTSMAN_DATA\` | Replaces the directory of the store; relative to the working directory. |

Both count as not set when they are empty.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, text } of generateTopologyDocs()) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
    console.log(`wrote ${path}`);
  }
}
