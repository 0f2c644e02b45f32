export {environmentAssignment, execLine, fstabField, pathItem, pathSetting, shellWord} from './encode.ts';
export {UnitError} from './errors.ts';
export {serviceName, writersOf} from './names.ts';
export type {Stream, UnitOptions} from './options.ts';
export {podUnits} from './pod-units.ts';
export type {UnitFile} from './unit.ts';
