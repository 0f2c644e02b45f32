export {environmentAssignment, execLine, pathItem, pathSetting} from './encode.ts';
export {UnitError} from './errors.ts';
export {sharedKernelPaths} from './kernel-paths.ts';
export {serviceName, writersOf} from './names.ts';
export type {Stream, UnitOptions} from './options.ts';
export {podUnits} from './pod-units.ts';
export type {UnitFile} from './unit.ts';
