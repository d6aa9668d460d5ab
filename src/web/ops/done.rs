//! What is said after something was done: a word in the address becomes a sentence, so that no text comes from an address.

/// The sentence for `code`, such as `snoozed` or `group.12`; `None` where there is none.
pub(super) fn sentence(code: &str) -> Option<String> {
    let (word, count) = code.split_once('.').unwrap_or((code, "0"));
    let count: u64 = count.parse().ok()?;
    let many = |one: &str, more: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {more}") };
    Some(match word {
        "acknowledged" => "Acknowledged: it is yours now.".to_owned(),
        "snoozed" => "Snoozed.".to_owned(),
        "cleared" => "Cleared. It opens again only if the trouble begins anew.".to_owned(),
        "gone" => "It was cleared meanwhile. Nothing was changed.".to_owned(),
        "group" => format!("{} changed.", many("alert", "alerts")),
        "noted" => "Noted.".to_owned(),
        "paused" => "Paused: nothing is told about this order until it is resumed.".to_owned(),
        "resumed" => "Resumed: what waited is judged again now.".to_owned(),
        "hastened" if count == 0 => "Nothing of this order waits that could go sooner.".to_owned(),
        "hastened" => format!("{} judged again now. Quiet hours still stand.", many("message is", "messages are")),
        "revoked" => {
            "Revoked: no link that went out before opens the customer's page. New messages carry new ones.".to_owned()
        }
        "reported" => "Reported as a fact. What follows from it stands in the story.".to_owned(),
        "refused" => "That could not be taken: see the quarantine for the reason. Nothing was told.".to_owned(),
        "unclear" => "Something was missing in the form. Nothing was changed.".to_owned(),
        "sent" => "Settled as sent.".to_owned(),
        "again" => "The same message will be sent again.".to_owned(),
        "settled" => "It is not in doubt any more. Nothing was changed.".to_owned(),
        "case_answered" => "Answered: the customer sees it on the order's page.".to_owned(),
        "case_solved" => "Solved. The customer can still write, which opens it again.".to_owned(),
        "case_over" => "It is solved already, or too much was said in it. Nothing was changed.".to_owned(),
        "decided" => "Decided: the customer sees it on the order's page.".to_owned(),
        "decided_before" => "It was decided before. Nothing was changed.".to_owned(),
        "retried" => "It went through the door.".to_owned(),
        "still" => "It was refused again, and stays here.".to_owned(),
        "dropped" => "Deleted for good.".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn only_known_words_become_sentences() {
        assert_eq!(sentence("group.1").as_deref(), Some("1 alert changed."));
        assert_eq!(sentence("group.412").as_deref(), Some("412 alerts changed."));
        assert_eq!(sentence("<b>"), None);
        assert_eq!(sentence("group.<b>"), None);
    }
}
