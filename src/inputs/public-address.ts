import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A name that leads into a private network: nobody in a chat may make this machine fetch from there. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/** Whether an address belongs to the public internet: not this machine, a private network, a cloud's metadata service. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.range() === 'unicast';
}

/**
 * Resolves names for a connection that is about to be made, to public addresses alone. It is asked at connecting, so a
 * name that resolves otherwise a moment later leads nowhere else.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    const stray = addresses.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses;
    if (stray !== undefined || first === undefined) {
      return callback(new PrivateAddressError(`${hostname} is not on the public internet`), '', 0);
    }
    if (options.all === true) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
};
