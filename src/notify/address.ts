// Which addresses lie in the open internet. Everything else is refused, unless the configuration says
// otherwise: a notification is a request that this machine makes, where only this machine may reach.

/** IPv4 that is this machine, a private network, a provider's own, or of no single receiver. */
const NOT_PUBLIC_V4: readonly [network: string, bits: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carriers' own, and some clouds' metadata
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // a cloud's own services, at an address that looks public
  ["169.254.0.0", 16], // link-local, and most clouds' metadata
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Of IPv6 only this part is given out for the internet … */
const GLOBAL_V6: readonly [string, number] = ["2000::", 3];
/** … and of it not these: tunnels and documentation. */
const NOT_PUBLIC_V6: readonly [network: string, bits: number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];
/** IPv6 that stands for the IPv4 in its last four bytes. */
const CARRIES_V4: readonly [network: string, bits: number][] = [
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
];

/** Whether the text is an IPv4 or IPv6 address of the open internet. */
export function isPublicAddress(text: string): boolean {
  const bytes = bytesOf(text);
  if (bytes === null) return false;
  if (bytes.length === 4) return isPublicV4(bytes);
  if (CARRIES_V4.some((range) => isWithin(bytes, range))) return isPublicV4(bytes.slice(12));
  return isWithin(bytes, GLOBAL_V6) && !NOT_PUBLIC_V6.some((range) => isWithin(bytes, range));
}

/** Whether the text is an address, and not a name that has to be resolved. */
export function isAddress(text: string): boolean {
  return bytesOf(text) !== null;
}

function isPublicV4(bytes: readonly number[]): boolean {
  return !NOT_PUBLIC_V4.some((range) => isWithin(bytes, range));
}

function isWithin(bytes: readonly number[], [network, bits]: readonly [string, number]): boolean {
  const base = bytesOf(network)!;
  return bytes.every((byte, i) => {
    const own = Math.min(8, Math.max(0, bits - 8 * i));
    const mask = (0xff << (8 - own)) & 0xff;
    return (byte & mask) === (base[i]! & mask);
  });
}

/** 4 or 16 bytes; null for anything else. */
function bytesOf(text: string): number[] | null {
  return text.includes(":") ? v6Bytes(text) : v4Bytes(text);
}

function v4Bytes(text: string): number[] | null {
  const parts = text.split(".");
  const isV4 = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part));
  const bytes = parts.map(Number);
  return isV4 && bytes.every((byte) => byte <= 255) ? bytes : null;
}

function v6Bytes(text: string): number[] | null {
  // A resolver may name the interface of a link-local address.
  const [head = "", tail, ...more] = text.replace(/%.*$/, "").split("::");
  if (more.length > 0) return null;
  const before = groups(head);
  const after = groups(tail ?? "");
  if (before === null || after === null) return null;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** "64:ff9b" as its bytes; the last group may be written as IPv4. */
function groups(text: string): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const bytes = parts.map((part, i) => {
    if (part.includes(".")) return i === parts.length - 1 ? v4Bytes(part) : null;
    return /^[0-9a-f]{1,4}$/i.test(part)
      ? [parseInt(part, 16) >> 8, parseInt(part, 16) & 0xff]
      : null;
  });
  return bytes.every((group) => group !== null) ? bytes.flat() : null;
}
