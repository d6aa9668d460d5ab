//! Carriers as people know them.

/// The name to show for a carrier: what the event said, else the well-known spelling of its slug, else the slug made
/// readable.
pub(crate) fn name(slug: Option<&str>, said: Option<&str>) -> Option<String> {
    if let Some(said) = said {
        return Some(said.to_owned());
    }
    let slug = slug?;
    Some(known(slug).map_or_else(|| readable(slug), str::to_owned))
}

/// Carriers whose names are not simply their slug with capitals.
fn known(slug: &str) -> Option<&'static str> {
    Some(match slug {
        "dhl" => "DHL",
        "dhl-express" => "DHL Express",
        "dhl-ecommerce" => "DHL eCommerce",
        "dpd" => "DPD",
        "gls" => "GLS",
        "ups" => "UPS",
        "usps" => "USPS",
        "fedex" => "FedEx",
        "inpost" => "InPost",
        "tnt" => "TNT",
        "ctt" => "CTT",
        "ceska-posta" => "Česká pošta",
        "poczta-polska" => "Poczta Polska",
        "orlen-paczka" => "ORLEN Paczka",
        "nova-poshta" | "novaposhta" => "Nova Poshta",
        "ukrposhta" => "Ukrposhta",
        "meest" => "Meest",
        "postnl" => "PostNL",
        "postnord" => "PostNord",
        "bpost" => "bpost",
        "an-post" => "An Post",
        "jt-express" | "j-t-express" => "J&T Express",
        "jadlog" => "Jadlog",
        "sf-express" => "SF Express",
        "yunexpress" => "YunExpress",
        "4px" => "4PX",
        _ => return None,
    })
}

fn readable(slug: &str) -> String {
    let words = slug.split(['-', '_', ' ']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn slugs_become_names() {
        assert_eq!(name(Some("dhl"), None).as_deref(), Some("DHL"));
        assert_eq!(name(Some("royal-mail"), None).as_deref(), Some("Royal Mail"));
        assert_eq!(name(Some("dhl"), Some("DHL Paket")).as_deref(), Some("DHL Paket"));
        assert_eq!(name(None, None), None);
    }
}
