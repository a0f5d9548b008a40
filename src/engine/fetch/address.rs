//! Which addresses the world shares: only from those is anything downloaded.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whom a download may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressRule {
    /// Addresses of the public internet.
    Public,
    /// This machine as well. Nothing that a user can set leads here: tests have their servers
    /// on it.
    PublicAndLoopback,
}

impl AddressRule {
    pub fn permits(self, address: IpAddr) -> bool {
        (self == Self::PublicAndLoopback && address.is_loopback()) || is_public(address)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the IANA registry of special-purpose addresses (RFC 6890), also those that are routed but
/// lead back in.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, and private ones.
        [0 | 10 | 127, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        [192, 168, ..] => true,
        // Carriers' own (RFC 6598), links'.
        [100, second, ..] => (64..128).contains(&second),
        [169, 254, ..] => true,
        // Protocols', 6to4's relays, documentation, benchmarks.
        [192, 0, 0 | 2, _] => true,
        [192, 88, 99, _] => true,
        [198, 18 | 19, ..] => true,
        [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Groups, and what is kept for later.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

/// Global unicast (2000::/3) without the parts of it that are for documentation or hold an
/// address of IPv4. All else is local, or holds one as well: mapped, compatible, NAT64.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Teredo and other protocols' (2001::/23), documentation, 6to4.
        [0x2001, 0..0x200, ..] => false,
        [0x2001, 0xdb8, ..] => false,
        [0x2002, ..] => false,
        [0x3fff, 0..0x1000, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: bool) {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(AddressRule::Public.permits(parsed), expected, "{address}");
    }

    #[test]
    fn only_public_addresses_are_permitted() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.0.1",
            "192.169.0.0",
            "198.17.0.1",
            "198.20.0.0",
            "203.0.114.1",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "3fff:1000::1",
        ] {
            check(address, true);
        }
    }

    #[test]
    fn what_is_private_local_or_holds_another_address_is_not() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, false);
        }
    }

    #[test]
    fn loopback_is_permitted_by_value_alone_and_nothing_else_with_it() {
        let rule = AddressRule::PublicAndLoopback;
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("::ffff:127.0.0.1", false),
        ] {
            assert_eq!(
                rule.permits(address.parse().unwrap()),
                expected,
                "{address}"
            );
        }
    }
}
