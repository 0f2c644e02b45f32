import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {HostPath} from '../../../src/contract/index.ts';
import {enteredProcess} from '../../../src/pod/state/entered-process.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-entered-')) as HostPath;
const parents: ChildProcess[] = [];
test.after.always(() => {
  for (const parent of parents) parent.kill('SIGKILL');
  rmSync(directory, {recursive: true});
});

/** A pod's directory with these files. */
const podWith = (name: string, files: Readonly<Record<string, string>>): HostPath => {
  const pod = mkdtempSync(path.join(directory, `${name}-`)) as HostPath;
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(pod, file), content);
  return pod;
};

/** A process with as many children, which end with it. Tells their numbers. */
const parentOf = async (children: number): Promise<{pid: number; children: number[]}> => {
  const read = 'exec 3<&0; ';
  const start = Array.from({length: children}, () => 'cat <&3 & echo $!;').join(' ');
  const parent = spawn('/bin/sh', ['-c', `${read}${start} echo end; wait; cat <&3`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  parents.push(parent);
  let text = '';
  parent.stdout?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  while (!text.includes('end')) await once(parent.stdout ?? parent, 'data');
  return {
    pid: parent.pid ?? 0,
    children: text.split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : [])),
  };
};

const since = (startTime: number) => ({pid: 1, startTime});

test('the process of the file pid is it, before that of ppid', (t) => {
  const pod = podWith('pid', {pid: `${process.pid}\n`, ppid: '1\n'});
  t.is(enteredProcess(pod, since(0))?.pid, process.pid);
});

test('the only child of the process of the file ppid is it', async (t) => {
  const {pid, children} = await parentOf(1);
  t.deepEqual([enteredProcess(podWith('ppid', {ppid: String(pid)}), since(0))?.pid], children);
});

test('of several children none is', async (t) => {
  const {pid} = await parentOf(2);
  t.is(enteredProcess(podWith('several', {ppid: String(pid)}), since(0)), undefined);
});

test('a process from before the pod is none of its, nor is what is no number', (t) => {
  t.is(enteredProcess(podWith('older', {pid: String(process.pid)}), since(Number.MAX_SAFE_INTEGER)), undefined);
  for (const text of ['', '-1', '1 2', 'self']) t.is(enteredProcess(podWith('text', {pid: text}), since(0)), undefined);
  t.is(enteredProcess(podWith('neither', {}), since(0)), undefined);
});
