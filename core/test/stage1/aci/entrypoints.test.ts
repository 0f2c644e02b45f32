import test from 'ava';
import {entrypointsOf} from '../../../src/stage1/aci/entrypoints.ts';

const annotations = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({name: `coreos.com/rkt/stage1/${name}`, value}));
const refuse = (problem: string): never => {
  throw new Error(problem);
};

test('entrypoints are found by their annotations, and an image without a version has the first', (t) => {
  t.deepEqual(entrypointsOf(annotations({run: '/ex/run', enter: 'ex/./enter', gc: '//gc', stop: '/stop'}), refuse), {
    version: 1,
    run: 'ex/run',
    enter: 'ex/enter',
    gc: 'gc',
    stop: 'stop',
  });
  t.deepEqual(entrypointsOf(annotations({run: '/run', 'interface-version': '6'}), refuse), {version: 6, run: 'run'});
});

test('an image that says nothing about run is no stage1', (t) => {
  for (const list of [undefined, null, [], annotations({enter: '/enter'})])
    t.is(entrypointsOf(list, refuse), undefined);
});

for (const [what, values] of [
  ['leads out of it', {run: '/../bin/sh'}],
  ['is none', {run: '/'}],
  ['is empty', {run: ''}],
  ['of another entrypoint leads out of it', {run: '/run', gc: 'x/../../gc'}],
] as const)
  test(`a path that ${what} is refused`, (t) => {
    t.throws(() => entrypointsOf(annotations(values), refuse), {message: /is no path of a program in it/});
  });

for (const version of ['0', '7', '', '1.0', '01', 'six'])
  test(`there is no version ${JSON.stringify(version)}`, (t) => {
    const list = annotations({run: '/run', 'interface-version': version});
    t.throws(() => entrypointsOf(list, refuse), {message: /interface-version is .*1, 2, 3, 4, 5, 6/});
  });
