// Which addresses a notification may go to without the configuration's leave.

import { assertEquals } from "@std/assert";
import { isAddress, isPublicAddress } from "../../src/notify/address.ts";

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.0.1",
  "223.255.255.255",
  "2606:4700:4700::1111",
  "2a00:1450:4001:80e::200e",
  "::ffff:8.8.8.8",
  "::ffff:808:808",
  "64:ff9b::8.8.8.8",
];

const NOT_PUBLIC = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.100.100.200",
  "127.0.0.1",
  "127.255.0.9",
  "168.63.129.16",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "0:0:0:0:0:ffff:a00:1",
  "::ffff:169.254.169.254",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::1",
  "2001:db8::1",
  "2001:0:53aa:64c:0:0:80ff:fffe",
  "2002:7f00:1::",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  // Nothing that it could be taken for.
  "",
  "localhost",
  "1.2.3",
  "256.1.1.1",
  "1::2::3",
  "2606:4700",
  "2606:4700:0:0:0:0:0:0:0",
  "2606::12345",
  "::1.2.3.4:5",
];

for (const address of PUBLIC) {
  Deno.test(`isPublicAddress() takes ${address} for one of the open internet`, () => {
    assertEquals(isPublicAddress(address), true);
  });
}

for (const address of NOT_PUBLIC) {
  Deno.test(`isPublicAddress() takes ${address || "no text"} for none of the open internet`, () => {
    assertEquals(isPublicAddress(address), false);
  });
}

Deno.test("isAddress() tells addresses, public or not, from names", () => {
  for (const address of ["127.0.0.1", "::1", "fe80::1%eth0", "8.8.8.8"]) {
    assertEquals(isAddress(address), true, address);
  }
  for (const name of ["example.org", "localhost", "1.2.3.4.example.org", "dead.beef"]) {
    assertEquals(isAddress(name), false, name);
  }
});

Deno.test("however an address is written in a URL, it is the address that is looked at", () => {
  const spellings = [
    "http://2130706433/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://[::ffff:127.0.0.1]/",
    "http://[0:0::1]/",
    "http://①②⑦.0.0.1/",
  ];
  for (const spelling of spellings) {
    const host = new URL(spelling).hostname.replace(/^\[|\]$/g, "");
    assertEquals([isAddress(host), isPublicAddress(host)], [true, false], spelling);
  }
});
