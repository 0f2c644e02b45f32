/**
 * Proves a flavor: the table of cases, what is needed to try them with real pods on this host, and the report. From a test file:
 *
 *     const world = await openWorld({rkt: ['/usr/bin/rkt'], flavor: './my-flavor'});
 *     for (const one of table) test(one.id, async (t) => t.not((await attempt(world, one)).result, 'failed'));
 *
 * or as a whole: `await testFlavor({rkt: ['/usr/bin/rkt'], flavor: './my-flavor'})`.
 *
 * KIT.md of the package says how the cases are made and what they run.
 * @module
 */
export * from './attempt.ts';
export * from './case.ts';
export type {CallOptions, Ended} from './command.ts';
export * from './forms.ts';
export * from './probe.ts';
export * from './select-cases.ts';
export * from './table.ts';
export * from './tap.ts';
export * from './test-flavor.ts';
export * from './world.ts';
