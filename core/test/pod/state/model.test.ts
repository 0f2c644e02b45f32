import test from 'ava';
import {abandon, claim, create, discard, finishPreparing, mark, sweep} from '../../../src/pod/state/life-cycle.ts';
import {blocked, crash, only, type Program, reader, start, step, type World, world} from './model.ts';

/** mulberry32: a seeded generator, so that a failing schedule can be repeated by its number. */
const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

function* prepare(to: 'prepared' | 'run', fails: boolean, late: boolean): Program {
  if ((yield* create()) !== 'done') return 'lost';
  yield {do: 'fill', half: 1};
  if (fails && !late) return yield* discard('prepare');
  yield {do: 'fill', half: 2};
  yield* finishPreparing(to);
  if (to === 'prepared') return fails ? yield* discard('prepared') : yield {do: 'close'};
  return fails ? yield* discard('run') : yield {do: 'launch'};
}

function* runPrepared(fails: boolean): Program {
  if ((yield* claim()) !== 'done') return 'lost';
  return fails ? yield* discard('run') : yield {do: 'launch'};
}

function* gc(expire: boolean): Program {
  yield* mark();
  yield* abandon('prepare');
  if (expire) yield* abandon('prepared');
  yield* sweep('exited-garbage');
  yield* sweep('garbage');
  return yield* sweep('embryo');
}

function* remove(): Program {
  for (const from of ['prepare', 'prepared'] as const)
    if ((yield* abandon(from)) === 'done') return yield* sweep('garbage');
  return (yield* mark()) === 'done' ? yield* sweep('exited-garbage') : 'busy';
}

function* stop(): Program {
  return yield {do: 'kill'};
}

const drain = (w: World): void => {
  for (let limit = 0; w.processes.length > 0; limit++) {
    if (limit > 1000) throw new Error('processes wait for each other');
    for (const process of [...w.processes]) if (!blocked(w, process)) step(w, process);
  }
};

/** One random life of one pod. */
const schedule = (seed: number): World => {
  const random = randomOf(seed);
  const w = world();
  start(w, 'owner', prepare(random() < 0.5 ? 'prepared' : 'run', random() < 0.2, random() < 0.5));
  const others: readonly (() => Program)[] = [
    () => runPrepared(random() < 0.2),
    () => runPrepared(false),
    () => gc(random() < 0.5),
    () => gc(false),
    remove,
    stop,
    () => reader(w),
    () => only(mark()),
  ];
  for (let turn = 0; turn < 60; turn++) {
    const choice = random();
    if (choice < 0.12) {
      const make = others[Math.floor(random() * others.length)] ?? stop;
      start(w, make.name, make());
    } else if (choice < 0.14) w.alive = false;
    else {
      const process = w.processes[Math.floor(random() * w.processes.length)];
      if (process === undefined) continue;
      if (choice < 0.17) crash(w, process);
      else if (!blocked(w, process)) step(w, process);
    }
  }
  drain(w);
  return w;
};

test('S20 the four properties of the life cycle hold in 10^5 random interleavings with crashes', (t) => {
  const ends = new Map<string, number>();
  let launches = 0;
  for (let seed = 1; seed <= 100_000; seed++) {
    try {
      const w = schedule(seed);
      launches += w.launches;
      ends.set(w.place, (ends.get(w.place) ?? 0) + 1);
      // Whatever was left behind, two passes of gc with nobody about take it away, unless it runs or waits to be run.
      w.alive = false;
      const kept = w.place === 'prepared';
      if (kept && (w.content !== 2 || w.damaged)) throw new Error('a prepared pod lost something');
      for (let pass = 0; pass < 2; pass++) {
        start(w, 'gc', gc(false));
        drain(w);
      }
      if (w.place !== 'nowhere' && w.place !== 'deleted' && !kept) throw new Error(`gc left the pod in ${w.place}`);
    } catch (error) {
      t.fail(`schedule ${seed}: ${(error as Error).message}`);
      return;
    }
  }
  // The walk is worth something only if it gets everywhere.
  for (const place of ['prepared', 'run', 'exited-garbage', 'garbage', 'deleted'])
    t.true((ends.get(place) ?? 0) > 100, `ends in ${place}: ${ends.get(place)}`);
  t.true(launches > 10_000);
});

test('S20 the model notices a reader that looks in the wrong order', (t) => {
  const w = world();
  w.place = 'run';
  start(w, 'wrong', wrongReader(w));
  const [process] = w.processes;
  if (process === undefined) return t.fail();
  step(w, process);
  start(w, 'mark', only(mark()));
  const marker = w.processes.find(({name}) => name === 'mark');
  while (marker !== undefined && w.processes.includes(marker)) step(w, marker);
  t.throws(() => drain(w), {message: /missed/});
});

function* wrongReader(w: World): Program {
  for (const directory of ['exited-garbage', 'run'] as const) if (yield {do: 'look', in: directory}) return true;
  if (w.place !== 'deleted') throw new Error('missed');
  return false;
}

test('S20 the model notices a marker that does not ask whether the pod lives', (t) => {
  const w = world();
  w.place = 'run';
  w.alive = true;
  start(w, 'careless', careless());
  t.throws(() => drain(w), {message: /running pod/});
});

function* careless(): Program {
  yield {do: 'open', in: 'run'};
  yield {do: 'lock', kind: 'shared', wait: false};
  return yield {do: 'rename', from: 'run', to: 'exited-garbage'};
}
