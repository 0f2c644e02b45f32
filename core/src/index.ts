/**
 * What programs other than the `rkt` command may use of stage0. The command itself is in `cli/`.
 * @module
 */
export * from './contract/index.ts';
export {RktError} from './rkt-error.ts';
export {negotiate, type Problem} from './stage1/negotiation/negotiate.ts';
