//! Who is at the other end: the address behind our own proxies, whether a form came from a page of ours, and how often somebody
//! may ask.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use axum::http::header;
use axum::http::request::Parts;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::server::Peer;

/// Buckets of a count. Two that meet in one share its room.
const BUCKETS: usize = 1024;

/// Where our own reverse proxies stand: what they say of a request is believed.
#[derive(Debug, Clone, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads networks such as `10.0.0.0/8`.
    ///
    /// # Errors
    /// The first text that is none.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        let network = |text: &String| text.parse::<IpNet>().map_err(|_| text.clone());
        Ok(Self(texts.iter().map(network).collect::<Result<_, _>>()?))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is one of them.
    pub(super) fn hold(&self, address: IpAddr) -> bool {
        // A loopback peer of an IPv6 socket may come as ::ffff:127.0.0.1.
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Where the request comes from: the last address that a proxy of ours did not add itself.
    pub(super) fn client(&self, parts: &Parts) -> IpAddr {
        let peer = peer(parts);
        if !self.hold(peer) {
            return peer;
        }
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut addresses = hops.iter().rev().map_while(|hop| hop.parse::<IpAddr>().ok());
        addresses.find(|hop| !self.hold(*hop)).unwrap_or(peer)
    }

    /// Whether a form came from our own pages, as far as the browser says. One that says nothing must be judged by a token.
    pub(super) fn is_same_site(&self, parts: &Parts) -> bool {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(site) = text("sec-fetch-site") {
            return site == "same-origin";
        }
        let Some(origin) = text(header::ORIGIN.as_str()) else { return true };
        let from = origin.split_once("://").map(|(_, host)| host);
        from.is_some()
            && (from == text(header::HOST.as_str()) || (self.hold(peer(parts)) && from == text("x-forwarded-host")))
    }
}

/// The other end of the connection. Without one, which only a mistake of ours could bring about, an address that is nobody's.
pub(super) fn peer(parts: &Parts) -> IpAddr {
    parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0)
}

/// Counts how often somebody asks, in a fixed number of buckets by hash: so memory is bounded whoever asks. Each worker counts
/// for itself.
#[derive(Debug)]
pub(super) struct Rate {
    most: u32,
    window: SignedDuration,
    buckets: Mutex<Vec<Bucket>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// When the first was counted, in milliseconds.
    since: i64,
    count: u32,
}

impl Rate {
    /// At most `most` in each `window`.
    pub(super) fn new(most: u32, window: SignedDuration) -> Self {
        Self { most, window, buckets: Mutex::new(vec![Bucket::default(); BUCKETS]) }
    }

    /// Counts one; false if it is one too many.
    pub(super) fn admits(&self, key: &[u8], now: Timestamp) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = &mut buckets[place(key)];
        let now = now.as_millisecond();
        if i128::from(now - bucket.since) >= self.window.as_millis() {
            *bucket = Bucket { since: now, count: 0 };
        }
        bucket.count = bucket.count.saturating_add(1);
        bucket.count <= self.most
    }

    /// The same, by an address.
    pub(super) fn admits_from(&self, address: IpAddr, now: Timestamp) -> bool {
        self.admits(&neighbourhood(address), now)
    }

    /// Forgets what was counted.
    pub(super) fn forget(&self, key: &[u8]) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets[place(key)] = Bucket::default();
    }
}

fn place(key: &[u8]) -> usize {
    let digest = Sha256::digest(key);
    usize::from(u16::from_le_bytes([digest[0], digest[1]])) % BUCKETS
}

/// Whoever has one IPv6 address has the whole /64.
fn neighbourhood(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(peer: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = axum::http::Request::builder().extension(Peer(peer.parse().expect("an address")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn only_our_proxies_are_believed_about_where_a_request_comes_from() {
        let networks = Networks::read(&["10.0.0.0/8".to_owned()]).expect("a network");
        let forwarded = [("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.1.1.1")];
        assert_eq!(networks.client(&parts("10.0.0.1", &forwarded)), "192.0.2.7".parse::<IpAddr>().expect("an address"));
        assert_eq!(
            networks.client(&parts("198.51.100.4", &forwarded)),
            "198.51.100.4".parse::<IpAddr>().expect("an address")
        );
        assert_eq!(Networks::read(&["here".to_owned()]).expect_err("no network"), "here");
    }

    #[test]
    fn a_form_from_another_site_is_known_as_such() {
        let networks = Networks::read(&["10.0.0.0/8".to_owned()]).expect("a network");
        let host = ("host", "post.shop.example");
        let is_ours = |peer: &str, headers: &[(&str, &str)]| networks.is_same_site(&parts(peer, headers));
        assert!(is_ours("192.0.2.1", &[host]));
        assert!(is_ours("192.0.2.1", &[host, ("origin", "https://post.shop.example")]));
        assert!(!is_ours("192.0.2.1", &[host, ("origin", "https://evil.example")]));
        assert!(!is_ours("192.0.2.1", &[host, ("origin", "null")]));
        assert!(!is_ours("192.0.2.1", &[host, ("sec-fetch-site", "same-site")]));
        let behind =
            [("host", "inner"), ("x-forwarded-host", "post.shop.example"), ("origin", "https://post.shop.example")];
        assert!(is_ours("10.0.0.1", &behind));
        assert!(!is_ours("192.0.2.1", &behind), "a stranger's header names nothing");
    }

    #[test]
    fn a_count_ends_and_begins_anew() {
        let rate = Rate::new(3, SignedDuration::from_mins(1));
        let (start, here) =
            ("2026-11-02T09:00:00Z".parse::<Timestamp>().expect("a time"), "2001:db8::1".parse().expect("an address"));
        assert_eq!((0..5).filter(|_| rate.admits_from(here, start)).count(), 3);
        assert!(
            !rate.admits_from("2001:db8::2".parse().expect("an address"), start),
            "the neighbour is the same person"
        );
        assert!(rate.admits_from(here, start + SignedDuration::from_mins(1)));
    }
}
