//! What the customer must know, by the other way: their address on one channel turned out dead, or is not wanted there.

use super::decide::{Context, react};
use super::id::NoticeKey;
use super::notice::{Effect, Notice};
use super::order::{Handled, Open, Order, Unreachable};
use super::person::ContactKey;
use super::topic::Topic;

/// Plans the necessary news of a notice, which cannot go out on its own channel, on the other one; where that was planned
/// already, or there is no such way, nothing follows for the customer. `dead`: addresses that take nothing any more. If the
/// person's present one is among them, ops are told, since it must be mended; one that has been replaced meanwhile, or a wish
/// (none is dead), is nothing to mend.
pub fn reroute(ctx: &Context<'_>, notice: &Notice, dead: &[ContactKey], mut order: Order) -> (Order, Vec<Effect>) {
    let (role, channel) = (notice.role, notice.channel.other());
    let state = order.state(&ctx.policy.zone);
    let reaches = state.address_of(role, channel).is_some() && state.wishes(role, channel);
    let present = state.address_of(role, notice.channel).map(|address| ContactKey::new(notice.channel, address));
    let is_dead = present.is_some_and(|present| dead.contains(&present));
    let stamp = state.address_stamp(role, notice.channel);
    let parts: Vec<usize> = (0..order.told.handled.len())
        .filter(|place| is_part(&order.told.handled[*place], notice.key))
        .filter(|place| Topic::of(order.told.handled[*place].stage) == Topic::Necessary)
        .collect();
    let mut planned = Vec::new();
    for place in parts.iter().copied().filter(|_| reaches) {
        let handled = &order.told.handled[place];
        if handled.notices.iter().any(|open| open.role == role && open.channel == channel) {
            continue;
        }
        let moved = Notice {
            channel,
            stage: handled.stage,
            shipment: handled.parcel.clone(),
            occurrence: occurrence(&order.told.handled, place),
            planned_at: ctx.now,
            due: ctx.now,
            ..notice.clone()
        };
        let key = key(&moved);
        let open = Open { role, channel, due: ctx.now.as_millisecond(), key, into: None };
        order.told.handled[place].notices.push(open);
        planned.push(Effect::Notify(Notice { key, ..moved }));
    }
    if let (true, false, Some(stamp)) = (is_dead, parts.is_empty(), stamp) {
        let known = order.told.unreachable.is_some_and(|dead| dead.stamp == stamp && dead.channel == notice.channel);
        if !known {
            let since = ctx.now.as_millisecond();
            order.told.unreachable = Some(Unreachable { role, channel: notice.channel, stamp, since });
        }
    }
    let (order, effects) = react(ctx, &notice.order, order);
    planned.extend(effects);
    (order, planned)
}

/// Whether a notice says anything that the customer must know.
pub fn is_needed(order: &Order, notice: NoticeKey) -> bool {
    let necessary = |handled: &&Handled| Topic::of(handled.stage) == Topic::Necessary;
    order.told.handled.iter().filter(necessary).any(|handled| is_part(handled, notice))
}

/// Whether a decision was to be told by this notice.
fn is_part(handled: &Handled, key: NoticeKey) -> bool {
    handled.notices.iter().any(|open| open.key == key || open.into == Some(key))
}

/// First, second, … time of this stage for this parcel, as it was counted when it was decided on.
fn occurrence(all: &[Handled], place: usize) -> u32 {
    let this = &all[place];
    let before = all[..place].iter().filter(|other| other.stage == this.stage && other.parcel == this.parcel);
    u32::try_from(before.count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// The key that it would have had if its rule named this channel, so that it is never told twice.
fn key(notice: &Notice) -> NoticeKey {
    let (shipment, occurrence) = (notice.shipment.as_deref().unwrap_or(""), notice.occurrence.to_string());
    let parts = [shipment, notice.stage.as_str(), &occurrence, notice.role.as_str(), notice.channel.as_str()];
    NoticeKey::new(&notice.order, &parts)
}
