import test from 'ava';
import {CONTRACT_VERSION, type Flavor} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {checkFlavor} from '../../support/check-flavor.ts';
import {declaration} from '../../support/fixtures.ts';

const flavor = (changes: object = {}): Flavor => ({
  declaration: declaration(),
  probe: () => [],
  filesystem: () => [],
  environment: () => [],
  launch: () => ({}) as never,
  ...changes,
});
const {'resource/memory': _memory, ...lessIsolators} = declaration().isolators;
const {'resource/pids': _pids, ...stillLess} = lessIsolators;
const {run: _run, ...lessVerbs} = declaration().verbs;

const {restart: _restart, ...lessFeatures} = declaration().features;

const refused: readonly [string, unknown, RktError['code'], object][] = [
  ['something that is not an object', 42, 'RKT_FLAVOR_HOOK_INVALID', {hook: 'default export'}],
  [
    'a misspelt hook',
    flavor({filesytem: () => []}),
    'RKT_FLAVOR_HOOK_INVALID',
    {hook: 'filesytem', problem: 'is not a hook of the contract; was "filesystem" meant?'},
  ],
  [
    'an app in two places',
    flavor({appCgroup: () => 'x', appProcess: () => ({in: 'child', generation: 1})}),
    'RKT_FLAVOR_HOOK_INVALID',
    {hook: 'appProcess'},
  ],
  ['a missing hook', flavor({launch: undefined}), 'RKT_FLAVOR_HOOK_INVALID', {hook: 'launch'}],
  ['a hook that is not a function', flavor({enter: true}), 'RKT_FLAVOR_HOOK_INVALID', {hook: 'enter'}],
  [
    'a newer contract',
    flavor({declaration: declaration({contract: '^1.7'})}),
    'RKT_CONTRACT_UNSUPPORTED',
    {wants: '^1.7', has: CONTRACT_VERSION},
  ],
  [
    'another major contract',
    flavor({declaration: declaration({contract: '^2.0'})}),
    'RKT_CONTRACT_UNSUPPORTED',
    {wants: '^2.0'},
  ],
  [
    'something that is no range',
    flavor({declaration: declaration({contract: '1'})}),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.contract'},
  ],
  [
    'an unknown field',
    flavor({declaration: {...declaration(), isolaters: {}}}),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: ''},
  ],
  [
    'a forgotten isolator',
    flavor({declaration: {...declaration(), isolators: lessIsolators}}),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.isolators', problem: 'says nothing about resource/memory'},
  ],
  [
    'two forgotten isolators and a forgotten verb',
    flavor({declaration: {...declaration(), isolators: stillLess, verbs: lessVerbs}}),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '', problem: 'says nothing about resource/memory, resource/pids, run'},
  ],
  [
    'a requirement of a program that it does not name',
    flavor({
      declaration: declaration({
        programs: ['other'],
        verbs: {...declaration().verbs, run: {level: 'enforced', mechanism: 'm', requires: ['program/bwrap']}},
      }),
    }),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.verbs["run"]', problem: 'requires "program/bwrap", and .programs does not name it'},
  ],
  [
    'a requirement of what a program has been built with that it does not name',
    flavor({
      declaration: declaration({
        programs: ['other'],
        verbs: {
          ...declaration().verbs,
          run: {level: 'enforced', mechanism: 'm', requires: ['built-with/crun/SECCOMP']},
        },
      }),
    }),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.verbs["run"]', problem: 'requires "built-with/crun/SECCOMP", and .programs does not name it'},
  ],
  [
    'a forgotten verb',
    flavor({declaration: {...declaration(), verbs: lessVerbs}}),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.verbs', problem: 'says nothing about run'},
  ],
  [
    'a promise that is its word alone',
    flavor({
      declaration: declaration({
        isolators: {
          ...declaration().isolators,
          'resource/memory': {level: 'unproved', mechanism: 'm', consequence: 'c'},
        },
      }),
    }),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.isolators["resource/memory"].level'},
  ],
  [
    'an unknown level',
    flavor({
      declaration: declaration({
        isolators: {...declaration().isolators, 'resource/memory': {level: 'maybe'} as never},
      }),
    }),
    'RKT_FLAVOR_DECLARATION_INVALID',
    {where: '.isolators["resource/memory"].level'},
  ],
];
for (const [what, candidate, code, fields] of refused) {
  test(`a flavor with ${what} is refused`, (t) => {
    const error = t.throws(() => checkFlavor(candidate, '/flavor.js'), {instanceOf: RktError});
    t.is(error.code, code);
    t.like(error.fields, fields);
  });
}

test('a complete flavor is accepted', (t) => {
  const candidate = flavor({enter: () => ({}) as never});
  t.is(checkFlavor(candidate, '/flavor.js'), candidate);
});

test('a feature newer than the contract of a flavor need not be declared', (t) => {
  const declared = (contract: string) => flavor({declaration: {...declaration({contract}), features: lessFeatures}});
  t.notThrows(() => checkFlavor(declared('^1.0'), 'test'));
  const error = t.throws(() => checkFlavor(declared('^1.1'), 'test'), {instanceOf: RktError});
  t.like(error, {code: 'RKT_FLAVOR_DECLARATION_INVALID', fields: {problem: 'says nothing about restart'}});
});
