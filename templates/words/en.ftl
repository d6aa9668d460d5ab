# English. Every sentence that a customer can read.
#
# A variable that is not known holds the word "none"; sentences adapt to that, they never show a blank.
#   $brand $order            the shop's name, the order's id
#   $share                   whole: the order is one parcel; one: parcel $number of $of; some: $together of $of parcels
#                            share this news; all: all of them do
#   $when                    the expected time in words, as part of a sentence ("on Thursday 26 November"), or none
#   $hours                   the expected hours, if it is today ("between 14:00 and 16:00"), or none
#   $carrier $place $pickup $until $tracking $said $was $reason $by       words, or none
#   $page                    yes: the parcel has a tracking page that can be linked to; no
#   $role                    customer, or recipient: was given a present, did not order, sees no prices
#   $wish $decided           of what goes back: refund, exchange, repair; the day and time by which the shop decides; or none
#   $here                    yes: our own page shows the return and its decision; no
#   $occurrence              which try, which time
#
# Messages begin with the stage's name:
#   .subject .title .lead .button .sms   always
#   .next                                what happens next
#   .happened .know .do .you             for problems: what happened, what we know, what we do, what the customer can do
#   .also                                the same news as one line in another message

# A message that others here are built of (your-parcel, arriving) is a part; other languages build their own.

## Days and times

on-day = { $relative ->
    [today] today
    [tomorrow] tomorrow, { $full }
   *[none] on { $full }
  }
the-day = { $relative ->
    [today] Today, { $full }
    [tomorrow] Tomorrow, { $full }
   *[none] { $full }
  }
on-days = { $month ->
    [same] { $style ->
        [month-first] between { $from_date } and { $until_day }
       *[day-first] between { $from_day } and { $until_date }
      }
   *[other] between { $from_date } and { $until_date }
  }
the-days = { $month ->
    [same] { $style ->
        [month-first] { $from_date }–{ $until_day }
       *[day-first] { $from_day }–{ $until_date }
      }
   *[other] { $from_date } – { $until_date }
  }
on-hours = { $from ->
    [none] { $on } by { $until }
   *[other] { $on } between { $from } and { $until }
  }
the-hours = { $from ->
    [none] { $the }, by { $until }
   *[other] { $the }, { $from }–{ $until }
  }
hours = { $from ->
    [none] by { $until }
   *[other] between { $from } and { $until }
  }
until-day = { $time ->
    [none] { $relative ->
        [today] until the end of today
        [tomorrow] until tomorrow, { $full }
       *[none] until { $full }
      }
   *[other] { $relative ->
        [today] until { $time } today
        [tomorrow] until { $time } tomorrow, { $full }
       *[none] until { $time } on { $full }
      }
  }

## Money

money = { $currency ->
    [EUR] €{ $amount }
    [GBP] £{ $amount }
    [USD] ${ $amount }
    [BRL] R${ $amount }
    [JPY] ¥{ $amount }
    [PLN] { $amount } zł
    [UAH] { $amount } ₴
   *[other] { $currency } { $amount }
  }

## Fixed words

greeting = Hello { $name },
order-label = Order { $order }
parcel-label = Parcel { $number } of { $of }
expected-label = Expected
new-day-label = Expected now
collect-label = Collect
delivered-label = Delivered
step-ordered = Ordered
step-shipped = On its way
step-out = Out for delivery
step-collect = Ready to collect
step-delivered = Delivered
carrier-label = Carrier
service-label = Service
tracking-label = Tracking number
pickup-label = Where
until-label = Until
code-label = Your code
place-label = Last seen
said-label = Told before
old-number-label = Old number, no longer valid
was-label = Was expected
address-label = Going to
in-order = In your order
in-parcel = In this parcel
in-parcels = In these parcels
decision-label = Our decision by
going-back = Going back
still-to-come = Still to come
cancelled-items = Cancelled
other-news = Also new
other-parcels = Your other parcels
each-parcel = Parcel by parcel
in-their-words = The carrier’s note: “{ $words }”
track-button = Track your parcel
order-button = View your order
what-next = What happens next
what-happened = What happened
what-we-know = What we know
what-we-do = What we are doing
what-you-can-do = What you can do
subtotal-label = Items
shipping-label = Shipping
shipping-free = Free
tax-label = Tax
tax-included-label = Tax included
total-label = Total
pieces = { $pieces ->
    [one] { $pieces } item
   *[other] { $pieces } items
  }
more-items = { $more ->
    [one] and { $more } more item
   *[other] and { $more } more items
  }
item-without-title = Item
item-alt = Picture of { $title }
quantity = Quantity { $qty }
help-label = Need a hand?
help-answer = Just answer this e-mail: a person reads it.
help-email = Write to us
help-phone = Call us
help-page = Help and contact
help-hours = We are here { $hours }.
footer-why = You get this e-mail because of your order with { $brand }.
footer-why-recipient = You get this e-mail because a parcel from { $brand } is addressed to you.
footer-shop = Shop
footer-returns = Returns
footer-faq = Questions and answers
footer-privacy = Privacy
footer-unsubscribe = No more of these messages

## What other parcels are doing

parcel-state = { $state ->
    [announced] { $when ->
        [none] is being prepared
       *[other] is being prepared, expected { $when }
      }
    [moving] { $when ->
        [none] is on its way
       *[other] is on its way, expected { $when }
      }
    [out_for_delivery] { $hours ->
        [none] is out for delivery today
       *[other] is out for delivery today, { $hours }
      }
    [attempt_failed] could not be handed over yet
    [waiting] { $pickup ->
        [none] waits to be collected
       *[other] waits to be collected at { $pickup }
      }
    [delivered] has been delivered
    [exception] is held up; we are looking into it
    [returning] is on its way back to us
    [returned] is back with us
   *[lost] is lost
  }
parcel-line = Parcel { $number } of { $of } { parcel-state }.

## Why something went wrong: what happened, in the customer's words

reason-carrier_capacity = The carrier has more parcels at the moment than it can carry.
reason-carrier_damaged = The parcel was damaged on the way.
reason-carrier_lost = The carrier cannot find the parcel.
reason-carrier_misrouted = The parcel was sent to the wrong depot and is being put right.
reason-carrier_other = Something at the carrier held the parcel up.
reason-customs_hold = Customs is checking the parcel.
reason-customs_documents = Customs needs more papers before it lets the parcel through.
reason-customs_duties = Customs asks for duties or taxes to be paid.
reason-address_wrong = The carrier cannot find the address on the parcel.
reason-address_moved = The carrier was told that you have moved.
reason-recipient_absent = Nobody was there to take the parcel.
reason-recipient_refused = The parcel was not accepted at the door.
reason-recipient_closed = The place was closed when the driver came.
reason-pickup_expired = The parcel was not collected in time.
reason-payment_due = A payment is due before the parcel can be handed over.
reason-weather = The weather is holding parcels up on the way.
reason-security = The parcel is held for a security check.
reason-shop_other = Something on our side held your order up.
reason-unknown = We do not know the cause yet.

## Pieces of sentences

arriving = { $when ->
    [none] {""}
   *[other] , arriving { $when }
  }
expected-then = { $when ->
    [none] {""}
   *[other] , expected { $when }
  }
carrier-has = { $carrier ->
    [none] The carrier has
   *[other] { $carrier } has
  }
it-or-they = { $share ->
    [some] them
    [all] them
   *[other] it
  }
they-or-it = { $share ->
    [some] they
    [all] they
   *[other] it
  }
your-parcel = { $share ->
    [whole] your parcel
    [one] parcel { $number } of { $of }
    [some] { $together } of your { $of } parcels
   *[all] all { $of } parcels
  }

# In text messages the code comes first: it must not be what is cut.
code-and-place = { $code ->
    [none] {""}
   *[other] {" "}Code: { $code }.
  }{ $pickup ->
    [none] {""}
   *[other] {" "}{ $pickup }.
  }

## The order's page
#
#   $sure    yes: the carrier names it; should: it was promised; probably: an estimate, which the words must not hide
#   $done    how many parcels have arrived

place-title = Your order from { $brand }
place-title-shared = A parcel from { $brand }
place-preview = Where it is, and when it arrives.
place-counts = { $done ->
    [one] { $done } of { $of } parcels is with you already.
   *[other] { $done } of { $of } parcels are with you already.
  }
place-estimate = An estimate, from how long parcels on this way have taken lately. It may still change.
place-news = Last news: { $at }
place-local = All times are local to the delivery address.
place-moment = { $day }, { $time }
place-parcel = Your parcel
place-parcels = Your parcels
place-order = Your order
place-way = What has happened so far
place-older = Show earlier events
place-progress = How far it is
place-done = done:
place-current = now:
place-todo = still to come:
place-copy = Copy
place-copied = Copied
place-copy-number = Copy the tracking number
place-carrier-page = { $carrier ->
    [none] The carrier’s own page
   *[other] Follow it at { $carrier }
  }
place-code-note = Show the code, or this square, where you collect it.
place-code-square = The code as a square to scan
place-hours = Opening hours
place-details = Order details
place-questions = Good to know
place-care = Is something not right?
place-cases = What you have asked us
place-calendar = Add to calendar
place-share = Share
place-share-note = Pass this address on, and others see how far the parcel is: no name, no address, no prices, no order number.
place-share-copy = Copy the address
place-phone = On your phone
place-phone-note = Point the phone’s camera at this square.
place-phone-square = This page’s address as a square to scan
place-keep = Whoever has this page’s address can see it: keep it to yourself, or share the short version.
place-fresh = The page has just been brought up to date.
place-print = Print
calendar-title = Parcel from { $brand }
calendar-note = The day may still change. How it stands now: { $link }

now-checked = We are taking another look at your order
    .lead = Something about the address or the payment is being checked. If we need anything from you, we ask.
now-placed = We have your order
    .lead = As soon as the payment has come in, we get it ready.
now-preparing = We are getting your order ready
    .lead = We have your payment and are packing now.
    .next = As soon as it leaves us, you see here where it is.
now-packed = Packed and ready to go
    .lead = Your order is packed and waits for the carrier.
    .next = As soon as the carrier has it, you see here where it is.
now-coming = { $share ->
    [one] Parcel { $number } of { $of } is on its way
   *[whole] On its way to you
  }
    .lead = { carrier-has } it now.
    .unknown = { carrier-has } it now. There is no day yet; this page shows it first.
    .next = On the day of delivery you see here that it is on the van, and the hours if the carrier names them.
now-arrives = { $share ->
    [one] Parcel { $number } of { $of } { $sure ->
        [probably] probably arrives
        [should] should arrive
       *[yes] arrives
      } { $when }
   *[whole] { $sure ->
        [probably] Probably arrives
        [should] Should arrive
       *[yes] Arrives
      } { $when }
  }
now-out = { $share ->
    [one] Parcel { $number } of { $of } arrives today
   *[whole] Arrives today
  }{ $hours ->
    [none] {""}
   *[other] {" "}{ $hours }
  }
now-collect = { $share ->
    [one] Parcel { $number } of { $of } is ready to collect
   *[whole] Ready to collect
  }{ $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
now-late = Later than we said{ $when ->
    [none] {""}
   *[other] { $sure ->
        [probably] : probably { $when }
       *[yes] : now expected { $when }
      }
  }
now-delivered = { $share ->
    [one] Parcel { $number } of { $of } was delivered { $when }
   *[whole] Delivered { $when }
  }

state-announced = Being prepared
state-moving = On its way
state-out_for_delivery = Out for delivery
state-attempt_failed = Not handed over yet
state-waiting = Ready to collect
state-delivered = Delivered
state-exception = Held up
state-returning = On its way back
state-returned = Back with us
state-lost = Lost

event-placed = Order placed
event-paid = Payment received
event-packed = Packed
event-shipped = Handed to the carrier
event-in_transit = On the way
event-delayed = The carrier reports a delay
event-out_for_delivery = On the van
event-attempt_failed = Could not be handed over
event-available_for_pickup = Ready to collect
event-delivered = Delivered
event-exception = Held up
event-returning = On its way back
event-returned = Back with the sender
event-lost = Given up by the carrier

## Stages

confirmed =
    .subject = Order { $order } is confirmed{ arriving }
    .title = Thank you, your order is in
    .lead = { $when ->
        [none] We have your payment and are getting your order ready.
       *[other] We have your payment. Your order should be with you { $when }.
      }
    .next = We pack it now. When the carrier has it, you get a link to follow it.
    .button = View your order
    .sms = order { $order } is confirmed{ arriving }.
    .also = Your payment has arrived and order { $order } is confirmed.

packed =
    .subject = Order { $order } is packed{ arriving }
    .title = Packed and ready to go
    .lead = { $when ->
        [none] Your order is packed and waits for the carrier.
       *[other] Your order is packed and should be with you { $when }.
      }
    .next = When the carrier has collected it, you get a link to follow it.
    .button = View your order
    .sms = order { $order } is packed{ arriving }.
    .also = Your order is packed.

shipped =
    .subject = { $share ->
        [whole] Your parcel is on its way
        [one] Parcel { $number } of { $of } is on its way
        [some] { $together } of your { $of } parcels are on their way
       *[all] All { $of } parcels are on their way
      }{ arriving }
    .title = { $share ->
        [whole] Your parcel is on its way
        [one] Parcel { $number } of { $of } is on its way
        [some] { $together } of your { $of } parcels are on their way
       *[all] All { $of } parcels are on their way
      }
    .lead = { $when ->
        [none] { carrier-has } { it-or-they } now. We do not have a day yet{ $page ->
            [yes] ; the tracking page shows it first
           *[no] {""}
          }.
       *[other] { carrier-has } { it-or-they } now and should bring { it-or-they } { $when }.
      }
    .next = You hear from us again on the day of delivery.
    .button = Track your parcel
    .sms = { your-parcel } { $share ->
        [some] are
        [all] are
       *[other] is
      } on the way{ $carrier ->
        [none] {""}
       *[other] {" "}with { $carrier }
      }{ expected-then }.
    .also = { $share ->
        [whole] Your parcel is on its way{ expected-then }.
       *[other] Parcel { $number } of { $of } is on its way{ expected-then }.
      }

arriving_soon =
    .subject = { $when ->
        [none] { $share ->
            [whole] Your parcel arrives soon
           *[other] Parcel { $number } of { $of } arrives soon
          }
       *[other] { $share ->
            [whole] Your parcel arrives { $when }
           *[other] Parcel { $number } of { $of } arrives { $when }
          }
      }
    .title = Nearly there
    .lead = { $when ->
        [none] Your parcel is close and should be with you soon.
       *[other] Your parcel should be with you { $when }.
      }
    .next = On the day itself you get one more message, when the driver has it on board.
    .button = Track your parcel
    .sms = { your-parcel } should arrive { $when ->
        [none] soon
       *[other] { $when }
      }.
    .also = { $share ->
        [whole] Your parcel
       *[other] Parcel { $number } of { $of }
      } should arrive { $when ->
        [none] soon
       *[other] { $when }
      }.

out_for_delivery =
    .subject = { $share ->
        [whole] Your parcel arrives today
        [one] Parcel { $number } of { $of } arrives today
        [some] { $together } of your { $of } parcels arrive today
       *[all] All { $of } parcels arrive today
      }{ $hours ->
        [none] {""}
       *[other] , { $hours }
      }
    .title = Arriving today
    .lead = { $hours ->
        [none] { carrier-has } { your-parcel } on the van; { they-or-it } should be with you today.
       *[other] { carrier-has } { your-parcel } on the van; { they-or-it } should be with you today { $hours }.
      }
    .next = If nobody is there, the driver decides by the carrier’s rules: a neighbour, a safe place, a pickup point or another try. We tell you where it is.
    .button = Follow the delivery
    .sms = { your-parcel } { $share ->
        [some] arrive
        [all] arrive
       *[other] arrives
      } today{ $hours ->
        [none] {""}
       *[other] , { $hours }
      }{ $carrier ->
        [none] {""}
       *[other] {" "}with { $carrier }
      }.
    .also = { $share ->
        [whole] Your parcel is out for delivery today.
       *[other] Parcel { $number } of { $of } is out for delivery today.
      }

attempt_failed =
    .subject = { $carrier ->
        [none] The carrier
       *[other] { $carrier }
      } could not hand over { $share ->
        [whole] your parcel
       *[other] parcel { $number } of { $of }
      }
    .title = { $occurrence ->
        [1] Your parcel could not be handed over
       *[other] Another try to deliver did not succeed
      }
    .lead = { $when ->
        [none] The driver was there but could not leave the parcel. It is safe with the carrier.
       *[other] The driver was there but could not leave the parcel. The next try is expected { $when }.
      }
    .next = { $when ->
        [none] { $page ->
            [yes] The tracking page shows the next try, and often lets you choose another day or place.
           *[no] The carrier usually tries again.
          } We write again as soon as it moves.
       *[other] { $page ->
            [yes] If that day does not suit you, the tracking page often lets you choose another day or place.
           *[no] If that day does not suit you, tell us and we look for another way.
          }
      }
    .button = See your options
    .sms = { $carrier ->
        [none] the carrier
       *[other] { $carrier }
      } could not hand over { your-parcel }.{ $when ->
        [none] {""}
       *[other] {" "}Next try { $when }.
      }
    .also = { $share ->
        [whole] Your parcel could not be handed over.
       *[other] Parcel { $number } of { $of } could not be handed over.
      }

available_for_pickup =
    .subject = { $share ->
        [whole] Your parcel is ready to collect
        [one] Parcel { $number } of { $of } is ready to collect
        [some] { $together } of your { $of } parcels are ready to collect
       *[all] All { $of } parcels are ready to collect
      }{ $until ->
        [none] {""}
       *[other] {" "}{ $until }
      }
    .title = Ready to collect
    .lead = { $pickup ->
        [none] { $until ->
            [none] It waits for you at the pickup point.
           *[other] It waits for you at the pickup point { $until }.
          }
       *[other] { $until ->
            [none] It waits for you at { $pickup }.
           *[other] It waits for you at { $pickup } { $until }.
          }
      }
    .next = { $until ->
        [none] Please collect it soon: the carrier keeps it only for some days and then returns it to us.
       *[other] If it stays there longer, the carrier returns it to us.
      }
    .button = Show the pickup point
    .sms = { your-parcel } { $share ->
        [some] are
        [all] are
       *[other] is
      } ready to collect{ $until ->
        [none] {""}
       *[other] {" "}{ $until }
      }.{ code-and-place }
    .also = { $share ->
        [whole] Your parcel is ready to collect.
       *[other] Parcel { $number } of { $of } is ready to collect.
      }

pickup_reminder =
    .subject = { $until ->
        [none] Please collect your parcel
       *[other] Your parcel waits only { $until }
      }
    .title = Still waiting for you
    .lead = { $pickup ->
        [none] { $until ->
            [none] Your parcel is still at the pickup point.
           *[other] Your parcel is at the pickup point { $until }.
          }
       *[other] { $until ->
            [none] Your parcel is still at { $pickup }.
           *[other] Your parcel is at { $pickup } { $until }.
          }
      }
    .next = If you do not collect it in time, it goes back to us. Should you be away, tell us now and we look for a way.
    .button = Show the pickup point
    .sms = { your-parcel } still waits{ $until ->
        [none] {""}
       *[other] , { $until } only
      }.{ code-and-place }
    .also = { $share ->
        [whole] Your parcel still waits to be collected.
       *[other] Parcel { $number } of { $of } still waits to be collected.
      }

handed-to = { $by ->
    [recipient] {" "}to you
    [neighbour] {" "}to a neighbour
    [safe_place] {" "}in a safe place
    [locker] {" "}in a parcel locker
    [pickup_point] {" "}at a pickup point
   *[none] {""}
  }

delivered =
    .subject = { $share ->
        [whole] Your parcel was delivered
        [one] Parcel { $number } of { $of } was delivered
        [some] { $together } of your { $of } parcels were delivered
       *[all] All { $of } parcels were delivered
      }{ $by ->
        [recipient] {""}
       *[other] { handed-to }
      }
    .title = Delivered
    .lead = { $by ->
        [recipient] The carrier handed { it-or-they } over in person.
        [neighbour] The carrier left { it-or-they } with a neighbour.
        [safe_place] The carrier left { it-or-they } in a safe place at your address.
        [locker] The carrier put { it-or-they } in a parcel locker for you.
        [pickup_point] You collected { it-or-they } at the pickup point.
       *[none] The carrier says that it has reached you.
      }
    .next = Not there, or something not right? Tell us within a few days and we put it in order.
    .button = View your order
    .sms = { your-parcel } { $share ->
        [some] were
        [all] were
       *[other] was
      } delivered{ handed-to }.
    .also = { $share ->
        [whole] Your parcel was delivered{ handed-to }.
       *[other] Parcel { $number } of { $of } was delivered{ handed-to }.
      }

order_complete =
    .subject = Order { $order } is complete: { $of ->
        [1] your parcel was delivered
       *[other] all { $of } parcels were delivered
      }
    .title = Everything is with you
    .lead = { $by ->
        [neighbour] The last parcel was left with a neighbour. Your order { $order } is now complete.
        [safe_place] The last parcel was left in a safe place at your address. Your order { $order } is now complete.
        [locker] The last parcel is in a parcel locker for you. Your order { $order } is now complete.
       *[other] The last parcel has been delivered. Your order { $order } is now complete.
      }
    .next = Not there, or something not right? Tell us within a few days and we put it in order.
    .button = View your order
    .sms = order { $order } is complete: all parcels were delivered.
    .also = Your order { $order } is complete.

delay_expected =
    .subject = { $missed ->
        [yes] { $when ->
            [none] Your order { $order } is late
           *[other] Your order { $order } is late: now expected { $when }
          }
        [likely] { $when ->
            [none] Your order { $order } will probably be late
           *[other] Your order { $order } will probably be late: now expected { $when }
          }
       *[no] { $when ->
            [none] Your order { $order } will be late
           *[other] Your order { $order } will be late: now expected { $when }
          }
      }
    .title = { $missed ->
        [yes] Your order is late
        [likely] Your order will probably be late
       *[no] Your order will be late
      }
    .lead = { $when ->
        [none] { $was ->
            [none] It takes longer than we said, and we do not have a new day yet. We are sorry.
           *[other] It was expected { $was }. We do not have a new day yet, and we are sorry.
          }
       *[other] { $was ->
            [none] We now expect it { $when }. We are sorry for the wait.
           *[other] It was expected { $was }; we now expect it { $when }. We are sorry for the wait.
          }
      }
    .know = { $when ->
        [none] { $place ->
            [none] The parcel has not moved as planned.
           *[other] The parcel was last seen in { $place }.
          }
       *[other] { $source ->
            [lane] The new days come from how long parcels on this way have taken lately. They may still change.
           *[carrier] { $place ->
            [none] The new day comes from what the carrier tells us today. It may still change.
           *[other] The parcel was last seen in { $place }. The new day may still change.
              }
          }
      }
    .do = We watch it every day and write as soon as there is something new.
    .you = You need not do anything. If you cannot wait, tell us and we find another way.
    .button = See where it is
    .sms = sorry, order { $order } { $missed ->
        [yes] is
        [likely] will probably be
       *[no] will be
      } late{ $when ->
        [none] . We do not have a new day yet
       *[other] , now expected { $when }
      }.
    .also = Your order is later than we said.

delay_again =
    .subject = { $when ->
        [none] Your order { $order } is delayed again
       *[other] Your order { $order } is delayed again: now expected { $when }
      }
    .title = Delayed once more
    .lead = { $when ->
        [none] The day we gave you will not hold, and we do not have a new one yet. We are sorry.
       *[other] The day we gave you will not hold. We now expect it { $when }. We are sorry.
      }
    .know = { $place ->
        [none] The parcel has not moved as planned.
       *[other] The parcel was last seen in { $place }.
      }
    .do = We keep a close watch on this parcel and write as soon as there is something new.
    .you = If you would rather not wait, tell us: we look for the quickest way to put it right.
    .button = See where it is
    .sms = sorry, order { $order } is delayed again{ $when ->
        [none] . We do not have a new day yet
       *[other] , now expected { $when }
      }.
    .also = Your order is delayed again.

back_on_time =
    .subject = { $when ->
        [none] Your order { $order } is back on time
       *[other] Back on time: your order { $order } arrives { $when }
      }
    .title = Back on time
    .lead = { $when ->
        [none] We told you about a delay. It has been made up: your order should arrive as first promised.
       *[other] We told you about a delay. It has been made up: we now expect your order { $when }.
      }
    .do = We keep an eye on it until it is with you.
    .button = See where it is
    .sms = order { $order } is back on time{ expected-then }.
    .also = Your order is back on time.

exception =
    .subject = { $reason ->
        [address_wrong] Please check the address for your parcel
        [address_moved] Please check the address for your parcel
        [customs_hold] Customs is holding your parcel
        [customs_documents] Customs needs papers for your parcel
        [customs_duties] Customs asks for a payment for your parcel
        [payment_due] A payment is due for your parcel
        [carrier_damaged] Your parcel was damaged on the way
       *[other] Your parcel is held up: please have a look
      }
    .title = { $reason ->
        [address_wrong] We need the right address
        [address_moved] We need the right address
        [customs_hold] Customs is checking your parcel
        [customs_documents] Customs needs papers
        [customs_duties] Customs asks for a payment
        [payment_due] A payment is due
        [carrier_damaged] Your parcel was damaged
       *[other] Your parcel is held up
      }
    .lead = { $reason ->
        [address_wrong] The carrier cannot find your address. With the right one, your parcel goes on.
        [address_moved] The carrier thinks that you have moved. With the right address, your parcel goes on.
        [customs_hold] Your parcel waits at customs. Sometimes they ask for something more; often it goes on by itself.
        [customs_documents] Your parcel waits at customs until the missing papers are there.
        [customs_duties] Your parcel waits at customs until duties or taxes are paid.
        [payment_due] Your parcel waits until the payment is made.
        [carrier_damaged] The carrier reports damage. We are sorry, and we want to put it right.
       *[other] Your parcel cannot go on at the moment.
      }
    .know = { $place ->
        [none] It is with the carrier and waits there.
       *[other] It is in { $place } and waits there.
      }
    .do = We follow it every day and write as soon as it moves on.
    .you = { $reason ->
        [address_wrong] Send us your full address, with house number, flat and a phone number for the driver.
        [address_moved] Send us your new address, or tell us that the old one is right.
        [customs_documents] Send the papers that customs asked you for, or ask us: we have the invoice.
        [customs_duties] Pay the duties on the carrier’s page, or ask us if the amount seems wrong.
        [payment_due] Pay on the carrier’s page, or ask us if you have paid already.
        [carrier_damaged] Tell us what you prefer: a new delivery or your money back.
       *[other] { $page ->
            [yes] Look at the tracking page, or ask us: we help you to get it moving.
           *[no] Ask us: we help you to get it moving.
          }
      }
    .button = See what is needed
    .sms = { $reason ->
        [address_wrong] the carrier cannot find your address. Please send us the right one.
        [address_moved] the carrier thinks that you have moved. Please confirm your address.
        [customs_documents] customs needs papers for your parcel.
        [customs_duties] customs asks for a payment for your parcel.
        [payment_due] a payment is due before your parcel can be delivered.
        [carrier_damaged] your parcel was damaged on the way. Please tell us how to put it right.
       *[other] { your-parcel } is held up. Please have a look.
      }
    .also = { $share ->
        [whole] Your parcel is held up.
       *[other] Parcel { $number } of { $of } is held up.
      }

correction =
    .subject = { $what ->
        [number] { $share ->
            [whole] Your parcel has a new tracking number
           *[other] Parcel { $number } of { $of } has a new tracking number
          }
        [not_delivered] Correction: { $share ->
            [whole] your parcel
           *[other] parcel { $number } of { $of }
          } has not been delivered yet
       *[day] { $when ->
            [none] Correction: the day we gave you is not right
           *[other] Correction: your parcel is expected { $when }
          }
      }
    .title = { $what ->
        [number] A new tracking number
        [not_delivered] Not delivered yet after all
       *[day] We gave you the wrong day
      }
    .lead = { $what ->
        [number] { $tracking ->
            [none] The number { $said } that we sent you is no longer valid. The new one follows as soon as we have it.
           *[other] Please use { $tracking } from now on. The number { $said } that we sent you is no longer valid.
          }
        [not_delivered] We wrote that it was delivered. A newer scan by the carrier says that it is still on its way. We are sorry for the confusion.
       *[day] { $when ->
            [none] We named { $was }. That is not right, and we do not have the right day yet. We are sorry.
           *[other] We named { $was }. Right is: we expect it { $when }. We are sorry for the mistake.
          }
      }
    .do = { $what ->
        [number] The parcel itself is the same; only its number has changed.
        [not_delivered] We follow the parcel and write when it is really with you.
       *[day] We follow the parcel and write if anything changes.
      }
    .you = { $what ->
        [not_delivered] If it is with you already, all is well and you need not do anything.
       *[other] You need not do anything.
      }
    .button = Track your parcel
    .sms = { $what ->
        [number] { $tracking ->
            [none] the tracking number we sent you is no longer valid. The new one follows.
           *[other] your parcel has a new tracking number: { $tracking }.
          }
        [not_delivered] correction: { your-parcel } has not been delivered yet.
       *[day] correction: { your-parcel } is expected { $when ->
            [none] on another day
           *[other] { $when }
          }.
      }
    .also = { $what ->
        [number] The tracking number has changed.
        [not_delivered] A parcel that we called delivered is still on its way.
       *[day] The expected day has changed.
      }

returning =
    .subject = { $share ->
        [whole] Your parcel is on its way back to us
       *[other] Parcel { $number } of { $of } is on its way back to us
      }
    .title = Coming back to us
    .lead = The carrier could not deliver it and is returning it to us.
    .know = { $place ->
        [none] The way back usually takes as long as the way there.
       *[other] It was last seen in { $place }. The way back usually takes as long as the way there.
      }
    .do = We write again when it has reached us.
    .you = { $role ->
        [recipient] If you still want it, tell us: we look for a way to send it again.
       *[customer] Tell us what you would like: a new delivery, or your money back.
      }
    .button = View your order
    .sms = { your-parcel } could not be delivered and is on the way back to us. Tell us how to go on.
    .also = { $share ->
        [whole] Your parcel is on its way back to us.
       *[other] Parcel { $number } of { $of } is on its way back to us.
      }

returned =
    .subject = { $share ->
        [whole] Your parcel is back with us
       *[other] Parcel { $number } of { $of } is back with us
      }
    .title = Back with us
    .lead = The parcel that could not be delivered has reached us again.
    .do = We keep it for you until we have heard from you.
    .you = { $role ->
        [recipient] If you still want it, tell us where to send it.
       *[customer] Tell us what you would like: a new delivery, or your money back.
      }
    .button = View your order
    .sms = { your-parcel } is back with us. Tell us how to go on.
    .also = { $share ->
        [whole] Your parcel is back with us.
       *[other] Parcel { $number } of { $of } is back with us.
      }

lost =
    .subject = { $share ->
        [whole] Your parcel is lost, and we put it right
       *[other] Parcel { $number } of { $of } is lost, and we put it right
      }
    .title = Your parcel is lost
    .lead = The carrier has ended its search without finding it. We are sorry; the loss is not yours to carry.
    .know = { $place ->
        [none] There has been no sign of it since the last scan.
       *[other] It was last seen in { $place }.
      }
    .do = We settle it with the carrier. You need not wait for that.
    .you = { $role ->
        [recipient] Tell us if you would like it sent again.
       *[customer] Tell us what you would like: the same again, or your money back.
      }
    .button = View your order
    .sms = sorry, the carrier has lost { your-parcel }. { $role ->
        [recipient] Tell us if you would like it sent again.
       *[customer] Tell us what you would like: the same again or your money back.
      }
    .also = { $share ->
        [whole] Your parcel is lost.
       *[other] Parcel { $number } of { $of } is lost.
      }

cancelled =
    .subject = { $whole ->
        [yes] Your order { $order } is cancelled
       *[no] Part of your order { $order } is cancelled
      }
    .title = { $whole ->
        [yes] Your order is cancelled
       *[no] Part of your order is cancelled
      }
    .lead = { $whole ->
        [yes] Nothing of it will be delivered.
       *[no] The items below will not be delivered. Everything else stays as ordered.
      }
    .do = { $role ->
        [recipient] The person who ordered can tell you more.
       *[customer] What you paid for it goes back to you the way you paid.
      }
    .you = If you did not expect this, tell us and we look into it.
    .button = View your order
    .sms = { $whole ->
        [yes] order { $order } is cancelled.
       *[no] part of order { $order } is cancelled.
      }
    .also = { $whole ->
        [yes] Your order is cancelled.
       *[no] Part of your order is cancelled.
      }

return_requested =
    .subject = We have your return request for order { $order }
    .title = Your request has reached us
    .lead = { $wish ->
        [refund] You would like to send something back and get your money back. We have noted it.
        [exchange] You would like to send something back and exchange it. We have noted it.
        [repair] You would like to send something back and have it repaired. We have noted it.
       *[none] You would like to send something back. We have noted it.
      }
    .do = { $decided ->
        [none] { $here ->
            [yes] We look at every request and decide. You find our decision on the page of your order.
           *[no] We look at every request and decide.
          }
       *[other] { $here ->
            [yes] We decide by { $decided } at the latest. You find our decision on the page of your order.
           *[no] We decide by { $decided } at the latest.
          }
      }
    .you = Please send nothing back before you have our decision. If this request did not come from you, tell us.
    .button = See your request
    .sms = we have your return request for order { $order }{ $decided ->
        [none] {""}
       *[other] {" "}and decide by { $decided }
      }. Please send nothing back before our decision.
    .also = We have your return request for order { $order }.

feedback =
    .subject = How was your order { $order }?
    .title = Is everything as you hoped?
    .lead = Tell us in one minute what was good and what we should do better.
    .button = Tell us how it went
    .sms = how was order { $order }? Tell us in one minute.
    .also = Tell us how your order was.

## The pages on which customers answer
#
#   $brand $order $item     names
#   $by                     a day and a time in words ("Thursday 26 November, 14:30")
#   $count                  a number

rating-scale = How satisfied are you? Choose a number.
care-back = Back to your order
care-again-soon = That was very quick. Please press the button once more, so that we know it was you.
care-again-old = This page was open for a long time. Please press the button once more.
care-too-many-forms = That was a lot at once. Please wait a minute and try again.
care-not-taken = This could not be sent. Please open the link from your e-mail again.
care-words = Anything you would like to add? (optional)
care-words-hint = Please write nothing that nobody should read, such as card numbers.

rating-title = How was your order?
rating-lead = It takes one minute. Answer what you like and leave out the rest.
rating-csat = How satisfied are you with this order?
rating-csat-1 = Very dissatisfied
rating-csat-2 = Dissatisfied
rating-csat-3 = Neither good nor bad
rating-csat-4 = Satisfied
rating-csat-5 = Very satisfied
rating-nps = How likely are you to recommend { $brand } to a friend?
rating-nps-low = Not at all likely
rating-nps-high = Very likely
rating-ces = How easy was it to get what you ordered?
rating-ces-low = Very hard
rating-ces-high = Very easy
rating-send = Send my answers
rating-none = Choose at least one number, then send it.
rating-given = You have rated this order already. New answers take the place of the old ones.
rating-not-yet = You can rate this order as soon as a parcel of it has been delivered.
rating-thanks-title = Thank you
rating-thanks = Your answers have reached { $brand }.
rating-thanks-case = We are sorry that it did not go well. Because of your answers we have opened a case for you. Somebody reads it and answers by { $by }. You find the answer in your case.
rating-case-link = See your case
rating-change = Change your answers

problem-title = Is something wrong?
problem-lead = Tell us what happened. We answer here, on this page.
problem-sort = What happened?
problem-sort-not_arrived = It has not arrived
problem-sort-damaged = It arrived damaged
problem-sort-wrong_item = It is not what I ordered
problem-sort-missing_item = Something is missing
problem-sort-other = Something else
problem-sort-low_score = Your rating
problem-words = Tell us more in your own words
problem-photos = Photos (optional, up to 3)
problem-photos-hint = JPEG, PNG or WebP, up to 10 MB each. We remove what a photo says about where and when it was taken.
problem-send = Send
problem-none = Choose what happened, then send it.
problem-photo-type = One of the files is not a photo that we can read. Send JPEG, PNG or WebP.
problem-photo-size = One of the photos is too large. Send photos of up to 10 MB.
problem-photo-count = Send up to 3 photos.
problem-busy = Many people are sending photos right now. Please try again in a minute.
problem-too-many = You have told us of this order many times. We are looking at it; please write to us in one of your cases below.
problem-sent = Thank you, we have it. Somebody answers by { $by }, here on this page.
case-list = What you have told us
case-state-open = Waiting for our answer
case-state-answered = Answered
case-state-solved = Solved
case-by = We answer by { $by }.
case-late = We wanted to answer by { $by } and are late. We are sorry; it has not been forgotten.
case-solve-by = We want to have it solved by { $by }.
case-solved-at = Solved on { $by }.
case-you = You
case-shop = { $brand }
case-photos = Photos: { $count }
case-say = Write to us about this
case-say-send = Send message
case-say-none = Write something first, then send it.
case-reopen = Not solved after all? Write to us, and we look at it again.

return-title = Send something back
return-lead = Tell us what goes back, why, and what you would like for it.
return-items = What goes back?
return-qty = Quantity of { $item }
return-item-unnamed = An item of this order
return-why = Why?
return-why-does_not_fit = It does not fit
return-why-not_as_described = It is not as described
return-why-faulty = It is faulty
return-why-wrong_item = It is the wrong item
return-why-too_late = It came too late
return-why-changed_mind = I changed my mind
return-why-other = Another reason
return-wish = What would you like?
return-wish-refund = My money back
return-wish-exchange = An exchange
return-wish-repair = A repair
return-send = Send request
return-none = Choose at least one item, a reason and what you would like, then send it.
return-not-possible = Nothing of this order can be sent back here: it has not been delivered yet, or the time for returns is over.
return-again = We have written your request down but could not finish. Please press the button once more in a minute.
return-too-many = You have sent many requests for this order. We are looking at them.
return-sent = Thank you, { $brand } has your request and decides by { $by }. You find the decision here on this page. Please send nothing before that.
return-list = Your requests
return-waiting = Waiting for a decision, expected by { $by }
return-late = We wanted to decide by { $by } and are late. We are sorry.
return-approved = Approved
return-declined = Declined
return-decided-at = Decided on { $by }.

care-rate = Rate this order
care-rate-note = One minute, three questions at most.
care-problem = Something is wrong
care-problem-note = Not arrived, damaged, something missing: tell us, and we answer.
care-return = Send something back
care-return-note = Ask for a refund, an exchange or a repair.
care-case = Your message: { $item }
care-return-case = Your return request

## The page of wishes: what to write about, and how

wishes-title = Your messages from { $brand }
wishes-lead = Choose what we write to you about, and by which way. Nothing changes before you press a button.
wishes-what = What
wishes-email = E-mail
wishes-sms = Text message
wishes-necessary = Needed for your order
wishes-necessary-hint = Confirmation, cancellation, problems that you can solve, pickup codes, returns that you ask for. By e-mail this always comes: it is part of our contract.
wishes-progress = On its way
wishes-progress-hint = Sent, out for delivery, delivered.
wishes-delay = Delays
wishes-delay-hint = When it will be later than promised.
wishes-feedback = Questions
wishes-feedback-hint = How it went, at most once a month.
wishes-content = Tips and offers
wishes-content-hint = Beside the news in our e-mails; never an e-mail of their own.
wishes-always = always
wishes-language = Language
wishes-save = Save
wishes-saved = Saved. It counts from the next message on.
wishes-number-title = Your mobile number
wishes-number-lead = We send texts to the number of your order. Here you can give another one; we send a code to it first, so that nobody else gets your messages.
wishes-number-now = Texts go to the number that ends in { $end }.
wishes-number-label = Mobile number with country code
wishes-number-example = For example { $example }
wishes-number-send = Send me a code
wishes-number-remove = Forget this number
wishes-number-bad = This does not look like a number with its country code. Please look at it again.
wishes-number-removed = We have forgotten the number. Texts go to the number of your order again.
wishes-number-confirmed = Thank you. From now on, texts go to the number that ends in { $end }.
wishes-code-sent = We have sent a code of six digits to the number that ends in { $end }. It can be used for { $minutes } minutes.
wishes-code-label = Code
wishes-code-confirm = Confirm
wishes-code-wrong = That is not the code that we have sent. Please look again.
wishes-code-over = This code can no longer be used. Please ask for a new one.
wishes-code-many = Enough codes were sent for today. Please try again tomorrow.
wishes-code-failed = We could not send the code just now. Please try again in a while.
wishes-code-text = { $brand }: your code is { $code }. It can be used for { $minutes } minutes. Please give it to nobody.
wishes-stop-title = No more than necessary
wishes-stop-lead = With one click we write only what is needed for your orders.
wishes-stop = Only what is necessary
wishes-stopped = Done. From now on we write only what is needed for your orders.
wishes-again = Please press once more: that was quicker than a hand can be, and programs that read mail press buttons too.
wishes-later = This could not be saved just now. Please try again in a while.
