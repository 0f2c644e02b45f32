import {defineCommand} from '../command.ts';
import {command as fetch} from './fetch.ts';

export const command = defineCommand({...fetch, name: 'image fetch'});
