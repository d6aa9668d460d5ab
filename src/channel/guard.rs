//! Keeps webhooks out of the private network: a shop's setting, or a name server under somebody's thumb, must not make
//! the worker talk to its neighbours.
//!
//! Judged when the connection is made, on the very address that is dialled: a name is resolved once, by [`Resolver`], and
//! only the addresses that passed are handed on. Literals skip the resolver, so [`Guard::check`] looks at them first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// A block of addresses, `10.0.0.0/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| "not an address or a block such as 10.0.0.0/8")?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) => digits.parse().map_err(|_| "the number after / is not a prefix length")?,
            None => most,
        };
        if prefix > most {
            return Err("the prefix is longer than the address");
        }
        Ok(Self { address, prefix })
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix }
    }

    /// Whether `ip` lies in the block.
    fn holds(self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => same(net.to_bits().into(), ip.to_bits().into(), 32, self.prefix),
            (IpAddr::V6(net), IpAddr::V6(ip)) => same(net.to_bits(), ip.to_bits(), 128, self.prefix),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn same(net: u128, ip: u128, bits: u32, prefix: u8) -> bool {
    let shift = bits - u32::from(prefix);
    // A prefix of 0 shifts everything out, which `>>` by the whole width would refuse.
    net.checked_shr(shift).unwrap_or(0) == ip.checked_shr(shift).unwrap_or(0)
}

/// IPv4 blocks that are not the public internet. Source: IANA special-purpose registry, 2025.
const CLOSED_V4: [Network; 16] = [
    Network::v4(0, 0, 0, 0, 8),        // this host
    Network::v4(10, 0, 0, 0, 8),       // private
    Network::v4(100, 64, 0, 0, 10),    // shared by carriers (CGNAT)
    Network::v4(127, 0, 0, 0, 8),      // loopback
    Network::v4(169, 254, 0, 0, 16),   // link-local, cloud metadata
    Network::v4(172, 16, 0, 0, 12),    // private
    Network::v4(192, 0, 0, 0, 24),     // protocol assignments
    Network::v4(192, 0, 2, 0, 24),     // documentation
    Network::v4(192, 88, 99, 0, 24),   // 6to4 relays
    Network::v4(192, 168, 0, 0, 16),   // private
    Network::v4(198, 18, 0, 0, 15),    // benchmarks
    Network::v4(198, 51, 100, 0, 24),  // documentation
    Network::v4(203, 0, 113, 0, 24),   // documentation
    Network::v4(224, 0, 0, 0, 4),      // multicast
    Network::v4(240, 0, 0, 0, 4),      // reserved, broadcast
    Network::v4(168, 63, 129, 16, 32), // Azure's wire server: public in form, reachable from inside alone
];

/// The public part of IPv6 …
const OPEN_V6: Network = Network::v6(0x2000, 0, 0, 3);
/// … and what is closed within it.
const CLOSED_V6: [Network; 4] = [
    Network::v6(0x2001, 0, 0, 23),      // protocol assignments, Teredo among them
    Network::v6(0x2001, 0x0db8, 0, 32), // documentation
    Network::v6(0x2002, 0, 0, 16),      // 6to4: holds any IPv4 address
    Network::v6(0x3fff, 0, 0, 20),      // documentation
];
/// Translated IPv4 (NAT64): as good or bad as the IPv4 address inside.
const NAT64: Network = Network::v6(0x0064, 0xff9b, 0, 96);

/// Which addresses webhooks may reach.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Everything is allowed: for receivers in the same network, by the operator's own choice.
    allow_private: bool,
    /// Blocks that are allowed although they are private.
    allowed: Vec<Network>,
}

/// The address of a webhook's host is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host's address is private or special, which allow_private or allowed_networks would have to permit")]
pub struct Refused;

impl Guard {
    /// Allows public addresses, those in `allowed`, or with `allow_private` all.
    pub fn new(allow_private: bool, allowed: Vec<Network>) -> Self {
        Self { allow_private, allowed }
    }

    /// Whether this address may be dialled.
    pub fn permits(&self, ip: IpAddr) -> bool {
        // ::ffff:1.2.3.4 is dialled as 1.2.3.4, so it is judged as that.
        let ip = ip.to_canonical();
        self.allow_private || self.allowed.iter().any(|block| block.holds(ip)) || public(ip)
    }

    /// Looks at a URL whose host is an address; a name is judged when it is resolved.
    ///
    /// # Errors
    /// [`Refused`] if the host is an address, in any spelling that URLs allow, that is not permitted.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        match literal.parse() {
            Ok(ip) if !self.permits(ip) => Err(Refused),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => !CLOSED_V4.iter().any(|block| block.holds(ip)),
        IpAddr::V6(v6) if NAT64.holds(ip) => {
            let [.., a, b, c, d] = v6.octets();
            public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        IpAddr::V6(_) => OPEN_V6.holds(ip) && !CLOSED_V6.iter().any(|block| block.holds(ip)),
    }
}

/// Resolves names with the system's resolver and keeps what the guard permits.
#[derive(Debug, Clone)]
pub struct Resolver(pub Guard);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let permitted: Vec<SocketAddr> =
                found.iter().copied().filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() && !found.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(guard: &Guard, host: &str) -> bool {
        let url = Url::parse(&format!("https://{host}/hook")).unwrap();
        guard.check(&url).is_err()
    }

    /// Every spelling that a URL allows of an address that must stay out of reach.
    #[test]
    fn private_and_special_addresses_are_refused() {
        let guard = Guard::default();
        for host in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2002:a00:1::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
        ] {
            assert!(refuses(&guard, host), "{host} was permitted");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        let guard = Guard::default();
        for host in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1111]",
            "[2a00:1450::1]",
            "[::ffff:1.1.1.1]",
            "[64:ff9b::1.1.1.1]",
            "hooks.example",
            "localhost",
        ] {
            assert!(!refuses(&guard, host), "{host} was refused");
        }
    }

    #[test]
    fn the_operator_may_open_a_block_or_everything() {
        let block = Guard::new(false, vec!["10.20.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        assert!(!refuses(&block, "10.20.1.1"));
        assert!(!refuses(&block, "[::ffff:10.20.1.1]"));
        assert!(!refuses(&block, "[fd00::5]"));
        assert!(refuses(&block, "10.21.1.1"));
        assert!(refuses(&block, "127.0.0.1"));
        assert!(!refuses(&Guard::new(true, Vec::new()), "127.0.0.1"));
        assert!(!refuses(&Guard::new(false, vec!["0.0.0.0/0".parse().unwrap()]), "127.0.0.1"));
        for wrong in ["10.0.0.0/33", "fd00::/129", "ten", "10.0.0.0/x", ""] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    /// A name that leads to a private address is refused at the moment of the connection.
    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let refused = Resolver(Guard::default()).resolve("localhost".parse().unwrap()).await;
        assert!(refused.err().unwrap().is::<Refused>());
        let open = Resolver(Guard::new(true, Vec::new())).resolve("localhost".parse().unwrap()).await;
        assert!(open.unwrap().next().is_some());
    }
}
