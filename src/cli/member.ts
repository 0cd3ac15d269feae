import { Option, type Command } from 'commander';
import { followFile } from '../app/follow-file.ts';
import type { MemberIdentity } from '../app/member-child.ts';
import { loadEverything, runMember } from '../app/run-member.ts';
import { TopologyKeeper, type ReloadOutcome } from '../app/topology-keeper.ts';
import type { ListenerHandle } from '../http/listener/listener-options.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Topology } from '../topology/model.ts';
import { MemberEndedError, UsageError } from './failure.ts';
import { writeJson, writeLine, type CliIo, type ToldOrder } from './io.ts';
import { narrateReload } from './narrate-reload.ts';

/** `pointsman server NAME`: one server, for one host. */
export function addServerCommand(program: Command, io: CliIo): void {
  addMemberCommand(program, io, 'server');
}

/** `pointsman proxy NAME`: one proxy, for one host. */
export function addProxyCommand(program: Command, io: CliIo): void {
  addMemberCommand(program, io, 'proxy');
}

/** Not for people: `up` keeps one process that has loaded everything and becomes the member that it is told to be. */
export function addSpareCommand(program: Command, io: CliIo): void {
  program
    .command('spare', { hidden: true })
    .requiredOption('--topology <file>', 'the topology file')
    .option('--json', 'one JSON object on each line, for programs')
    .action(async (options: MemberOptions) => {
      await loadEverything();
      const told = io.told();
      writeJson(io.stdout, { event: 'waiting' });
      await runTold(await told, options, io);
    });
}

interface MemberOptions {
  readonly topology: string;
  readonly json?: boolean;
  readonly told?: boolean;
}

function addMemberCommand(program: Command, io: CliIo, role: 'server' | 'proxy'): void {
  program
    .command(role)
    .description(`run one ${role} of a topology, for one host`)
    .argument('<name>', `the ${role}'s name in the topology`)
    .requiredOption('--topology <file>', 'the topology file')
    .option('--json', 'one JSON object on each line, for programs')
    .addOption(new Option('--told', 'whoever starts it sends the topology').hideHelp())
    .action(async (name: string, options: MemberOptions) => {
      if (options.told === true) await runTold(await io.told(), options, io);
      else await runAlone({ role, name }, options, io);
    });
}

/** A member of `pointsman up`: that looks after the file, and tells its members what holds. */
async function runTold(order: ToldOrder | undefined, options: MemberOptions, io: CliIo): Promise<void> {
  if (order === undefined) return;
  const keeper = new TopologyKeeper(options.topology, order.topology, io.env);
  const follow = (signal: AbortSignal): void => {
    io.onHangup(() => undefined, signal);
    io.onTopology((text) => {
      const outcome = keeper.offer(text);
      if ('refused' in outcome) narrateReload(outcome, (line) => writeLine(io.stderr, line));
    }, signal);
  };
  await runAs(order, keeper, { ...options, follow, onNewer: () => undefined }, io);
}

/** A member that looks after its file itself. */
async function runAlone(identity: MemberIdentity, options: MemberOptions, io: CliIo): Promise<void> {
  const keeper = TopologyKeeper.open(options.topology, io.env);
  const report = (outcome: ReloadOutcome): void => {
    if (options.json === true) writeJson(io.stdout, { event: 'reload', ...outcome });
    else narrateReload(outcome, (line) => writeLine('refused' in outcome ? io.stderr : io.stdout, line));
  };
  const follow = (signal: AbortSignal): void => {
    followFile({ keeper, clock: systemClock, onHangup: io.onHangup, report, signal });
  };
  const onNewer = (): void => {
    const outcome = keeper.reloadIfTouched();
    if (outcome !== undefined) report(outcome);
  };
  await runAs(identity, keeper, { ...options, follow, onNewer }, io);
}

async function runAs(
  { role, name, isWorker = false, listener }: MemberIdentity & Pick<ToldOrder, 'listener'>,
  keeper: TopologyKeeper,
  options: MemberOptions & { readonly follow: (signal: AbortSignal) => void; readonly onNewer: () => void },
  io: CliIo,
): Promise<void> {
  const { json, topology: file, follow, onNewer } = options;
  assertMember(keeper.live.current, role, name, file);
  const over = new AbortController();
  follow(over.signal);
  try {
    const exitCode = await runMember({
      ...{ keeper, role, name, isWorker, onNewer },
      program: io.program,
      environment: io.env,
      wsdlDirectory: io.wsdlDirectory,
      ...(listener === undefined ? {} : { inherited: listener }),
      // A worker has the socket from the one that it is offered to.
      ...(isWorker ? {} : { onListening: (opened: ListenerHandle) => io.offer(opened) }),
      events: (event) => {
        // Whoever keeps workers asks no more of them, and their words would find no reader when it is gone.
        if (isWorker && event.event !== 'serving') return;
        if (json === true) writeJson(io.stdout, event);
        else if (event.event === 'serving') writeLine(io.stdout, `${event.name} serves at ${event.url}`);
        else if (event.event === 'engine') writeLine(io.stdout, `${event.name} runs here (epoch ${event.epoch})`);
      },
      signal: io.signal,
      leave: io.leave,
      abort: io.abort,
    });
    if (exitCode !== 0) throw new MemberEndedError(exitCode);
  } finally {
    over.abort();
  }
}

function assertMember(topology: Topology, role: 'server' | 'proxy', name: string, file: string): void {
  const names = (role === 'server' ? topology.servers : topology.proxies).map((member) => member.name);
  if (names.includes(name)) return;
  throw new UsageError(`No ${role} "${name}" in ${file}; expected one of: ${names.join(', ')}`);
}
