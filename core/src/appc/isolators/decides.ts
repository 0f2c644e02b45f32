import type {IsolatedField} from '../../contract/process.ts';
import {findDefinition} from './definitions.ts';

/** Whether an isolator decides that of a process. */
export const decides = (name: string, field: IsolatedField): boolean =>
  findDefinition(name)?.decides.process?.includes(field) ?? false;
