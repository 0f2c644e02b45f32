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

/** This process as the supervisor of a pod. */
const since = (startTime: number) => ({pid: process.pid, startTime, cgroup: null});

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

test('S20 a process that descends from another is none of its, whatever a file says and however young it is', async (t) => {
  const [pod, host] = [await parentOf(1), await parentOf(1)];
  const supervisor = {...since(0), pid: pod.pid};
  t.deepEqual([enteredProcess(podWith('own', {pid: String(pod.children[0])}), supervisor)?.pid], pod.children);
  t.deepEqual([enteredProcess(podWith('own', {ppid: String(pod.pid)}), supervisor)?.pid], pod.children);
  t.is(enteredProcess(podWith('host', {pid: String(host.children[0])}), supervisor), undefined);
  t.is(enteredProcess(podWith('host', {ppid: String(host.pid)}), supervisor), undefined);
});

test('a process from before the pod is none of its, nor is what is no number', (t) => {
  t.is(enteredProcess(podWith('older', {pid: String(process.pid)}), since(Number.MAX_SAFE_INTEGER)), undefined);
  for (const text of ['', '-1', '1 2', 'self']) t.is(enteredProcess(podWith('text', {pid: text}), since(0)), undefined);
  t.is(enteredProcess(podWith('neither', {}), since(0)), undefined);
});
