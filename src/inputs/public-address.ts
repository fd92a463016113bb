import { lookup } from 'node:dns';
import { isIPv4, isIPv6, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A name that leads into a private network: nobody in a chat may make this machine fetch from there. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/**
 * Metadata services of clouds in otherwise public ranges: Azure's. All others lie in ranges that are refused as a whole
 * (169.254.0.0/16, 100.64.0.0/10, 192.0.0.0/24, fc00::/7).
 */
const METADATA_SERVICES = new Set(['168.63.129.16']);
/**
 * All that the public internet uses of IPv6. What carries an IPv4 address lies outside of it (::/96, ::ffff:0:0/96,
 * 64:ff9b::/96, 64:ff9b:1::/48), or in the ranges below.
 */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Of those: protocols with Teredo, documentation, 6to4, AS112, documentation. IANA's special-purpose registry, 2025. */
const SPECIAL = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'].map((range) =>
  ipaddr.IPv6.parseCIDR(range),
);
/** The word before the IPv4 address in one of ISATAP; that before it is 0, or 0x200. */
const ISATAP = 0x5efe;

/** Whether an address belongs to the public internet: not this machine, a private network, a cloud's metadata service. */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address);
  if (parsed === undefined) return false;
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast' && !METADATA_SERVICES.has(parsed.toString());
  if (!parsed.match(GLOBAL_UNICAST) || SPECIAL.some((range) => parsed.match(range))) return false;
  const [, , , , marker = 0, isatap, high = 0, low = 0] = parsed.parts;
  if (isatap !== ISATAP || (marker & ~0x200) !== 0) return true;
  return isPublicAddress([high >> 8, high & 255, low >> 8, low & 255].join('.'));
}

/** An IPv4 address written into IPv6 as itself; undefined for what is no address, or one of a single network card. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (isIPv4(address)) return ipaddr.IPv4.parse(address);
  if (!isIPv6(address) || address.includes('%')) return undefined;
  // ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4, which is another address; in words alone it takes it for itself.
  return ipaddr.process(new URL(`http://[${address}]`).hostname.slice(1, -1));
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
