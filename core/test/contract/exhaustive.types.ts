/*
 * Checked by the compiler, not run: `npm run types` fails when one of these begins to compile.
 */
import type {Declaration, HostPath, RootfsPath, Support, Verb} from '../../src/contract/index.ts';

declare const isolators: Declaration['isolators'];
declare const verbs: {readonly [V in Verb]: Support};

const {'resource/memory': _memory, ...lessIsolators} = isolators;
// @ts-expect-error a declaration that says nothing about an isolator
export const forgottenIsolator: Declaration['isolators'] = lessIsolators;

const {enter: _enter, ...lessVerbs} = verbs;
// @ts-expect-error a declaration that says nothing about a verb
export const forgottenVerb: Declaration['verbs'] = lessVerbs;

declare const host: HostPath;
// @ts-expect-error a path of the host where one of the rootfs is meant
export const rootfs: RootfsPath = host;

// @ts-expect-error a plain string where a path of the host is meant
export const plain: HostPath = '/etc';
