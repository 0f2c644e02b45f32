import process from 'node:process';
import {rkt} from './rkt.ts';

// Everything has been written synchronously; sockets that are kept alive must not delay the end.
rkt(process.argv.slice(2)).then((code) => process.exit(code));
