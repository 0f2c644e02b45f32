import {createPrivateKey, type KeyObject, sign} from 'node:crypto';
import {closeSync, constants, fstatSync, openSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import type {Config} from '../../config/config.ts';
import {leadsNowhere} from '../../config/leads-nowhere.ts';
import {atomicWrite} from '../../linux/atomic-write.ts';
import {errnoText} from '../../linux/errno-text.ts';
import {notReplaceable} from '../../linux/not-replaceable.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Settings} from '../../settings.ts';
import {receiptKeyUnusable, receiptUnwritable} from '../errors.ts';
import {canonicalJson} from './canonical-json.ts';
import type {Receipt} from './receipt.ts';

/** Where the host has its key if the configuration does not say: below the local configuration, `/etc/rkt`. */
const KEY = 'receipt-key.pem';
const MAX_KEY_BYTES = 16 * 1024;

/**
 * The key that receipts of this host are signed with, if it has one: an ed25519 key in PEM that root alone can read.
 * @throws RKT_RECEIPT_KEY_UNUSABLE also when the one of the configuration is not there
 */
export const receiptKey = (
  {localConfig}: Settings,
  {receiptKey: configured}: Config['paths'],
): KeyObject | undefined => {
  const file = configured ?? path.join(localConfig, KEY);
  const text = readKey(file, configured !== undefined);
  if (text === undefined) return undefined;
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (cause) {
    throw receiptKeyUnusable(file, 'it is no private key in PEM, or has a passphrase', cause);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw receiptKeyUnusable(file, `it is a key of the kind ${key.asymmetricKeyType}, not ed25519`);
  return key;
};

const readKey = (file: string, mustExist: boolean): string | undefined => {
  let opened: number;
  try {
    opened = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isErrno(error, 'ENOENT') && !mustExist && !leadsNowhere(file)) return undefined;
    throw receiptKeyUnusable(file, errnoText(error) ?? 'it cannot be opened', error);
  }
  try {
    const stat = fstatSync(opened);
    if (!stat.isFile()) throw receiptKeyUnusable(file, 'it is not a regular file');
    if (stat.uid !== 0) throw receiptKeyUnusable(file, `it belongs to user ${stat.uid}, not to root`);
    if ((stat.mode & 0o077) !== 0)
      throw receiptKeyUnusable(file, `others may use it: its mode is 0${(stat.mode & 0o7777).toString(8)}`);
    if (stat.size > MAX_KEY_BYTES) throw receiptKeyUnusable(file, `it is larger than ${MAX_KEY_BYTES} bytes`);
    return readFileSync(opened, 'utf8');
  } finally {
    closeSync(opened);
  }
};

/**
 * Writes a receipt in canonical JSON, which is what is signed, and beside it, as `FILE.sig`, the 64 bytes of its signature; what was there is replaced.
 * @throws RKT_RECEIPT_UNWRITABLE
 */
export const writeReceipt = (file: string, receipt: Receipt, key: KeyObject | undefined): void => {
  const text = canonicalJson(receipt);
  const signature = `${file}.sig`;
  try {
    for (const place of [file, signature]) {
      const obstacle = notReplaceable(place);
      if (obstacle !== undefined) throw receiptUnwritable(place, obstacle);
    }
    // No signature is beside a receipt that it is not of, whenever this is interrupted.
    rmSync(signature, {force: true});
    atomicWrite(file, text);
    if (key !== undefined) atomicWrite(signature, sign(null, Buffer.from(text), key));
  } catch (error) {
    const because = errnoText(error);
    throw because === undefined ? error : receiptUnwritable(file, because, error);
  }
};
