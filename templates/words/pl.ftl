# Polski. Zmienne i zasady opisuje en.ftl.

## Dni i godziny

on-weekday = { $weekday ->
    [mon] w poniedziałek
    [tue] we wtorek
    [wed] w środę
    [thu] w czwartek
    [fri] w piątek
    [sat] w sobotę
   *[sun] w niedzielę
  }
on-day = { $relative ->
    [today] dzisiaj
    [tomorrow] jutro, { on-weekday }, { $date }
   *[none] { on-weekday }, { $date }
  }
the-day = { $relative ->
    [today] Dzisiaj, { $full }
    [tomorrow] Jutro, { $full }
   *[none] { $full }
  }
on-days = { $month ->
    [same] między { $from_day } a { $until_date }
   *[other] między { $from_date } a { $until_date }
  }
the-days = { $month ->
    [same] { $from_day }–{ $until_date }
   *[other] { $from_date } – { $until_date }
  }
on-hours = { $from ->
    [none] { $on } do { $until }
   *[other] { $on } między { $from } a { $until }
  }
the-hours = { $from ->
    [none] { $the }, do { $until }
   *[other] { $the }, { $from }–{ $until }
  }
hours = { $from ->
    [none] do { $until }
   *[other] między { $from } a { $until }
  }
until-day = { $relative ->
    [today] { $time ->
        [none] do końca dzisiejszego dnia
       *[other] dzisiaj do { $time }
      }
    [tomorrow] { $time ->
        [none] do jutra, { $date }
       *[other] do jutra, { $date }, do { $time }
      }
   *[none] { $weekday ->
        [mon] do poniedziałku
        [tue] do wtorku
        [wed] do środy
        [thu] do czwartku
        [fri] do piątku
        [sat] do soboty
       *[sun] do niedzieli
      }, { $date }{ $time ->
        [none] {""}
       *[other] , do { $time }
      }
  }

## Pieniądze

money = { $currency ->
    [PLN] { $amount } zł
    [EUR] { $amount } €
    [UAH] { $amount } ₴
    [GBP] { $amount } £
    [USD] { $amount } $
    [BRL] { $amount } R$
   *[other] { $amount } { $currency }
  }

## Stałe słowa

greeting = Dzień dobry, { $name },
order-label = Zamówienie { $order }
parcel-label = Paczka { $number } z { $of }
expected-label = Spodziewana dostawa
new-day-label = Nowy termin dostawy
collect-label = Do odbioru
delivered-label = Doręczono
step-ordered = Zamówiono
step-shipped = W drodze
step-out = W doręczeniu
step-collect = Do odbioru
step-delivered = Doręczono
carrier-label = Przewoźnik
service-label = Usługa
tracking-label = Numer przesyłki
pickup-label = Gdzie
until-label = Do kiedy
code-label = Kod odbioru
place-label = Ostatnio
said-label = Poprzednio
old-number-label = Poprzedni numer, już nieważny
was-label = Poprzedni termin
address-label = Adres dostawy
in-order = W zamówieniu
in-parcel = W tej paczce
in-parcels = W tych paczkach
decision-label = Decyzja najpóźniej
going-back = Do zwrotu
still-to-come = Jeszcze w przygotowaniu
cancelled-items = Anulowane
other-news = Również nowe
other-parcels = Pozostałe paczki
each-parcel = Każda paczka z osobna
in-their-words = Uwaga przewoźnika: „{ $words }”
track-button = Śledź paczkę
order-button = Zobacz zamówienie
what-next = Co dalej
what-happened = Co się stało
what-we-know = Co wiemy
what-we-do = Co robimy
what-you-can-do = Co możesz zrobić
subtotal-label = Produkty
shipping-label = Dostawa
shipping-free = Bezpłatna
tax-label = Podatek
tax-included-label = W tym podatek
total-label = Razem
pieces = { $pieces ->
    [one] { $pieces } sztuka
    [few] { $pieces } sztuki
   *[many] { $pieces } sztuk
  }
more-items = { $more ->
    [one] i jeszcze { $more } sztuka
    [few] i jeszcze { $more } sztuki
   *[many] i jeszcze { $more } sztuk
  }
item-without-title = Produkt
item-alt = Zdjęcie: { $title }
quantity = Liczba sztuk: { $qty }
help-label = Potrzebujesz pomocy?
help-answer = Odpowiedz na tę wiadomość: przeczyta ją człowiek.
help-email = Napisz do nas
help-phone = Zadzwoń do nas
help-page = Pomoc i kontakt
help-hours = Jesteśmy { $hours }.
footer-why = Otrzymujesz tę wiadomość w związku z zamówieniem w { $brand }.
footer-why-recipient = Otrzymujesz tę wiadomość, ponieważ paczka z { $brand } jest zaadresowana do Ciebie.
footer-shop = Sklep
footer-returns = Zwroty
footer-faq = Pytania i odpowiedzi
footer-privacy = Prywatność
footer-unsubscribe = Nie chcę więcej takich wiadomości

## Co z pozostałymi paczkami

parcel-state = { $state ->
    [announced] jest przygotowywana{ expected-then }
    [moving] jest w drodze{ expected-then }
    [out_for_delivery] { $hours ->
        [none] dotrze dzisiaj
       *[other] dotrze dzisiaj { $hours }
      }
    [attempt_failed] nie została jeszcze doręczona
    [waiting] { $pickup ->
        [none] czeka na odbiór
       *[other] czeka na odbiór: { $pickup }
      }
    [delivered] została doręczona
    [exception] została zatrzymana; wyjaśniamy to
    [returning] wraca do nas
    [returned] wróciła do nas
   *[lost] zaginęła
  }
parcel-line = Paczka { $number } z { $of } { parcel-state }.

## Dlaczego coś poszło nie tak

reason-carrier_capacity = Przewoźnik ma teraz więcej paczek, niż jest w stanie przewieźć.
reason-carrier_damaged = Paczka została uszkodzona w drodze.
reason-carrier_lost = Przewoźnik nie może odnaleźć paczki.
reason-carrier_misrouted = Paczka trafiła do niewłaściwego oddziału i jest zawracana na właściwą trasę.
reason-carrier_other = Paczkę zatrzymała przeszkoda po stronie przewoźnika.
reason-customs_hold = Paczkę sprawdza urząd celny.
reason-customs_documents = Urząd celny potrzebuje dodatkowych dokumentów, zanim przepuści paczkę.
reason-customs_duties = Urząd celny wymaga opłacenia cła lub podatku.
reason-address_wrong = Przewoźnik nie może znaleźć adresu podanego na paczce.
reason-address_moved = Przewoźnik otrzymał informację o zmianie adresu odbiorcy.
reason-recipient_absent = Nikogo nie było, aby odebrać paczkę.
reason-recipient_refused = Paczka nie została przyjęta pod drzwiami.
reason-recipient_closed = Gdy przyjechał kurier, było zamknięte.
reason-pickup_expired = Paczka nie została odebrana na czas.
reason-payment_due = Przed wydaniem paczki trzeba uregulować płatność.
reason-weather = Pogoda wstrzymuje paczki na trasie.
reason-security = Paczka przechodzi kontrolę bezpieczeństwa.
reason-shop_other = Zamówienie opóźniło się po naszej stronie.
reason-unknown = Nie znamy jeszcze przyczyny.

## Części zdań

arriving = { $when ->
    [none] {""}
   *[other] , dotrze { $when }
  }
expected-then = { $when ->
    [none] {""}
   *[other] , powinna dotrzeć { $when }
  }
carrier-has = { $carrier ->
    [none] Przewoźnik ma
   *[other] { $carrier } ma
  }
it-or-they = { $share ->
    [some] je
    [all] je
   *[other] ją
  }
your-parcel = { $share ->
    [whole] Twoja paczka
    [one] paczka { $number } z { $of }
    [some] { $together } z { $of } paczek
   *[all] { $of ->
        [few] wszystkie { $of } paczki
       *[many] wszystkie { $of } paczek
      }
  }
all-parcels = { $of ->
    [few] Wszystkie { $of } paczki
   *[many] Wszystkie { $of } paczek
  }
# Kogo? Co?
your-parcel-object = { $share ->
    [whole] Twoją paczkę
    [one] paczkę { $number } z { $of }
    [some] { $together } z { $of } paczek
   *[all] { $of ->
        [few] wszystkie { $of } paczki
       *[many] wszystkie { $of } paczek
      }
  }
on-the-way = { $share ->
    [whole] Twoja paczka jest w drodze
    [one] Paczka { $number } z { $of } jest w drodze
    [some] { $together ->
        [few] { $together } z { $of } Twoich paczek są w drodze
       *[many] { $together } z { $of } Twoich paczek jest w drodze
      }
   *[all] { $of ->
        [few] Wszystkie { $of } paczki są w drodze
       *[many] Wszystkie { $of } paczek jest w drodze
      }
  }
will-arrive = { $share ->
    [some] { $together ->
        [few] dotrą
       *[many] dotrze
      }
    [all] { $of ->
        [few] dotrą
       *[many] dotrze
      }
   *[one] dotrze
  }
arrive-then = { $when ->
    [none] {""}
   *[other] , { will-arrive } { $when }
  }
capital-parcel = { $share ->
    [whole] Twoja paczka
   *[other] Paczka { $number } z { $of }
  }

## Strona zamówienia

place-title = Twoje zamówienie w { $brand }
place-title-shared = Paczka z { $brand }
place-preview = Gdzie jest i kiedy dotrze.
place-counts = { $done ->
    [one] { $done } z { $of } paczek jest już u Ciebie.
    [few] { $done } z { $of } paczek są już u Ciebie.
   *[many] { $done } z { $of } paczek jest już u Ciebie.
  }
place-estimate = To szacunek na podstawie tego, ile ostatnio trwała dostawa na tej trasie. Może się jeszcze zmienić.
place-news = Ostatnia wiadomość: { $at }
place-local = Wszystkie godziny według czasu w miejscu dostawy.
place-moment = { $day }, { $time }
place-parcel = Twoja paczka
place-parcels = Twoje paczki
place-order = Twoje zamówienie
place-way = Dotychczasowa droga
place-older = Pokaż wcześniejsze zdarzenia
place-progress = Jak daleko jest
place-done = gotowe:
place-current = teraz:
place-todo = jeszcze przed nami:
place-copy = Kopiuj
place-copied = Skopiowano
place-copy-number = Kopiuj numer przesyłki
place-carrier-page = { $carrier ->
    [none] Strona przewoźnika
   *[other] Śledź na stronie { $carrier }
  }
place-code-note = Pokaż kod albo ten kwadrat w miejscu odbioru.
place-code-square = Kod jako kwadrat do zeskanowania
place-hours = Godziny otwarcia
place-details = Szczegóły zamówienia
place-questions = Warto wiedzieć
place-care = Coś jest nie tak?
place-cases = Twoje zgłoszenia
place-calendar = Dodaj do kalendarza
place-share = Udostępnij
place-share-note = Kto otrzyma ten adres, zobaczy tylko drogę paczki: bez nazwiska, adresu, cen i numeru zamówienia.
place-share-copy = Kopiuj adres
place-phone = W telefonie
place-phone-note = Skieruj aparat telefonu na ten kwadrat.
place-phone-square = Adres tej strony jako kwadrat do zeskanowania
place-keep = Tę stronę zobaczy każdy, kto ma jej adres: zachowaj go dla siebie albo udostępnij wersję skróconą.
place-fresh = Strona została właśnie odświeżona.
place-print = Drukuj
calendar-title = Paczka z { $brand }
calendar-note = Termin może się jeszcze zmienić. Aktualny stan: { $link }

now-checked = Jeszcze raz sprawdzamy Twoje zamówienie
    .lead = Sprawdzamy adres albo płatność. Jeśli będziemy czegoś potrzebować, zapytamy.
now-placed = Mamy Twoje zamówienie
    .lead = Gdy tylko dotrze płatność, zaczniemy je przygotowywać.
now-preparing = Przygotowujemy Twoje zamówienie
    .lead = Płatność dotarła i właśnie pakujemy.
    .next = Gdy paczka od nas wyjdzie, zobaczysz tutaj, gdzie jest.
now-packed = Spakowane i gotowe do drogi
    .lead = Zamówienie jest spakowane i czeka na przewoźnika.
    .next = Gdy przewoźnik odbierze paczkę, zobaczysz tutaj, gdzie jest.
now-coming = { $share ->
    [one] Paczka { $number } z { $of } jest w drodze
   *[whole] W drodze do Ciebie
  }
    .lead = { carrier-has } już { your-parcel-object }.
    .unknown = { carrier-has } już { your-parcel-object }. Dnia dostawy jeszcze nie znamy; pojawi się tutaj najwcześniej.
    .next = W dniu dostawy zobaczysz tutaj, że paczkę wiezie kurier, i godziny, jeśli przewoźnik je poda.
now-arrives = { $share ->
    [one] Paczka { $number } z { $of } { $sure ->
        [probably] prawdopodobnie dotrze
        [should] powinna dotrzeć
       *[yes] dotrze
      } { $when }
   *[whole] { $sure ->
        [probably] Dotrze prawdopodobnie
        [should] Powinno dotrzeć
       *[yes] Dotrze
      } { $when }
  }
now-out = { $share ->
    [one] Paczka { $number } z { $of } dotrze dzisiaj
   *[whole] Dotrze dzisiaj
  }{ $hours ->
    [none] {""}
   *[other] {" "}{ $hours }
  }
now-collect = { $share ->
    [one] Paczka { $number } z { $of } czeka na odbiór
   *[whole] Czeka na odbiór
  }{ $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
now-late = Później, niż mówiliśmy{ $when ->
    [none] {""}
   *[other] { $sure ->
        [probably] : prawdopodobnie { $when }
       *[yes] : teraz spodziewamy się dostawy { $when }
      }
  }
now-delivered = { $share ->
    [one] Paczkę { $number } z { $of } doręczono { $when }
   *[whole] Doręczono { $when }
  }

state-announced = W przygotowaniu
state-moving = W drodze
state-out_for_delivery = W doręczeniu
state-attempt_failed = Jeszcze nie doręczono
state-waiting = Do odbioru
state-delivered = Doręczono
state-exception = Zatrzymana
state-returning = Wraca do nas
state-returned = Wróciła do nas
state-lost = Zaginęła

event-placed = Złożono zamówienie
event-paid = Otrzymano płatność
event-packed = Spakowano
event-shipped = Przekazano przewoźnikowi
event-in_transit = W drodze
event-delayed = Przewoźnik zgłasza opóźnienie
event-out_for_delivery = U kuriera
event-attempt_failed = Nie udało się doręczyć
event-available_for_pickup = Do odbioru
event-delivered = Doręczono
event-exception = Zatrzymano
event-returning = W drodze powrotnej
event-returned = Z powrotem u nadawcy
event-lost = Przewoźnik zakończył poszukiwania

## Etapy

confirmed =
    .subject = Zamówienie { $order } potwierdzone{ $when ->
        [none] {""}
       *[other] , dostawa { $when }
      }
    .title = Dziękujemy, mamy Twoje zamówienie
    .lead = { $when ->
        [none] Płatność dotarła i przygotowujemy zamówienie.
       *[other] Płatność dotarła. Zamówienie powinno być u Ciebie { $when }.
      }
    .next = Teraz je pakujemy. Gdy odbierze je przewoźnik, otrzymasz link do śledzenia.
    .button = Zobacz zamówienie
    .sms = zamówienie { $order } potwierdzone{ $when ->
        [none] {""}
       *[other] , dostawa { $when }
      }.
    .also = Płatność dotarła, zamówienie { $order } jest potwierdzone.

packed =
    .subject = Zamówienie { $order } jest spakowane{ $when ->
        [none] {""}
       *[other] , dostawa { $when }
      }
    .title = Spakowane i gotowe do drogi
    .lead = { $when ->
        [none] Zamówienie jest spakowane i czeka na przewoźnika.
       *[other] Zamówienie jest spakowane i powinno być u Ciebie { $when }.
      }
    .next = Gdy przewoźnik je odbierze, otrzymasz link do śledzenia.
    .button = Zobacz zamówienie
    .sms = zamówienie { $order } jest spakowane{ $when ->
        [none] {""}
       *[other] , dostawa { $when }
      }.
    .also = Zamówienie jest spakowane.

shipped =
    .subject = { on-the-way }{ arrive-then }
    .title = { on-the-way }
    .lead = { $when ->
        [none] { carrier-has } już { your-parcel-object }. Nie znamy jeszcze dnia dostawy{ $page ->
            [yes] ; najwcześniej pokaże go strona śledzenia
           *[no] {""}
          }.
       *[other] { carrier-has } już { your-parcel-object }. Dostawa powinna nastąpić { $when }.
      }
    .next = Odezwiemy się znowu w dniu dostawy.
    .button = Śledź paczkę
    .sms = { on-the-way }{ $carrier ->
        [none] {""}
       *[other] {" "}({ $carrier })
      }{ arrive-then }.
    .also = { capital-parcel } jest w drodze{ expected-then }.

arriving_soon =
    .subject = { capital-parcel } { $when ->
        [none] wkrótce dotrze
       *[other] dotrze { $when }
      }
    .title = Już niedaleko
    .lead = { $when ->
        [none] Paczka jest blisko i wkrótce powinna być u Ciebie.
       *[other] Paczka powinna być u Ciebie { $when }.
      }
    .next = W dniu dostawy, gdy kurier będzie miał ją w samochodzie, napiszemy jeszcze raz.
    .button = Śledź paczkę
    .sms = { capital-parcel } powinna dotrzeć { $when ->
        [none] wkrótce
       *[other] { $when }
      }.
    .also = { capital-parcel } powinna dotrzeć { $when ->
        [none] wkrótce
       *[other] { $when }
      }.

today-hours = { $hours ->
    [none] dzisiaj
   *[other] dzisiaj { $hours }
  }
out_for_delivery =
    .subject = { $share ->
        [whole] Twoja paczka dotrze { today-hours }
        [one] Paczka { $number } z { $of } dotrze { today-hours }
        [some] { $together } z { $of } Twoich paczek { will-arrive } { today-hours }
       *[all] { all-parcels } { will-arrive } { today-hours }
      }
    .title = Dostawa dzisiaj
    .lead = { carrier-has } { your-parcel-object } w samochodzie. Dostawa powinna nastąpić { today-hours }.
    .next = Jeśli nikogo nie będzie, kurier postąpi według zasad przewoźnika: sąsiad, bezpieczne miejsce, punkt odbioru albo kolejna próba. Napiszemy, gdzie jest paczka.
    .button = Śledź dostawę
    .sms = { your-parcel } { will-arrive } { today-hours }{ $carrier ->
        [none] {""}
       *[other] {" "}({ $carrier })
      }.
    .also = { capital-parcel } dotrze dzisiaj.

attempt_failed =
    .subject = { $carrier ->
        [none] Nie udało się doręczyć
       *[other] { $carrier }: nie udało się doręczyć
      } { $share ->
        [whole] Twojej paczki
       *[other] paczki { $number } z { $of }
      }
    .title = { $occurrence ->
        [1] Nie udało się doręczyć paczki
       *[other] Kolejna próba doręczenia się nie powiodła
      }
    .lead = { $when ->
        [none] Kurier był na miejscu, ale nie mógł zostawić paczki. Jest bezpieczna u przewoźnika.
       *[other] Kurier był na miejscu, ale nie mógł zostawić paczki. Następna próba: { $when }.
      }
    .next = { $when ->
        [none] { $page ->
            [yes] Strona śledzenia pokaże następną próbę, a często pozwala też wybrać inny dzień lub miejsce.
           *[no] Zwykle przewoźnik próbuje jeszcze raz.
          } Napiszemy, gdy paczka ruszy dalej.
       *[other] { $page ->
            [yes] Jeśli ten dzień Ci nie odpowiada, strona śledzenia często pozwala wybrać inny dzień lub miejsce.
           *[no] Jeśli ten dzień Ci nie odpowiada, napisz do nas: poszukamy innego rozwiązania.
          }
      }
    .button = Sprawdź możliwości
    .sms = nie udało się doręczyć { $share ->
        [whole] Twojej paczki
       *[other] paczki { $number } z { $of }
      }{ $carrier ->
        [none] {""}
       *[other] {" "}({ $carrier })
      }.{ $when ->
        [none] {""}
       *[other] {" "}Następna próba: { $when }.
      }
    .also = { $share ->
        [whole] Nie udało się doręczyć Twojej paczki.
       *[other] Nie udało się doręczyć paczki { $number } z { $of }.
      }

ready-to-collect = { $share ->
    [whole] Twoja paczka czeka na odbiór
    [one] Paczka { $number } z { $of } czeka na odbiór
    [some] { $together ->
        [few] { $together } z { $of } Twoich paczek czekają na odbiór
       *[many] { $together } z { $of } Twoich paczek czeka na odbiór
      }
   *[all] { $of ->
        [few] { all-parcels } czekają na odbiór
       *[many] { all-parcels } czeka na odbiór
      }
  }
until-then = { $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
code-and-place = { $code ->
    [none] {""}
   *[other] {" "}Kod: { $code }.
  }{ $pickup ->
    [none] {""}
   *[other] {" "}{ $pickup }.
  }
available_for_pickup =
    .subject = { ready-to-collect }{ until-then }
    .title = Gotowe do odbioru
    .lead = { $pickup ->
        [none] { ready-to-collect } w punkcie odbioru{ until-then }.
       *[other] { ready-to-collect }{ until-then }. Miejsce: { $pickup }.
      }
    .next = { $until ->
        [none] Odbierz ją możliwie szybko: przewoźnik trzyma ją tylko kilka dni, a potem odsyła do nas.
       *[other] Nieodebraną w tym czasie przewoźnik odeśle do nas.
      }
    .button = Pokaż punkt odbioru
    .sms = { ready-to-collect }{ until-then }.{ code-and-place }
    .also = { capital-parcel } czeka na odbiór.

pickup_reminder =
    .subject = { $until ->
        [none] Odbierz, proszę, swoją paczkę
       *[other] Twoja paczka czeka tylko { $until }
      }
    .title = Paczka wciąż czeka
    .lead = { $pickup ->
        [none] { capital-parcel } czeka w punkcie odbioru{ until-then }.
       *[other] { capital-parcel } czeka na odbiór{ until-then }. Miejsce: { $pickup }.
      }
    .next = Nieodebrana na czas wróci do nas. Jeśli nie możesz jej odebrać, napisz teraz: poszukamy rozwiązania.
    .button = Pokaż punkt odbioru
    .sms = { your-parcel } wciąż czeka na odbiór{ $until ->
        [none] {""}
       *[other] , tylko { $until }
      }.{ code-and-place }
    .also = { capital-parcel } wciąż czeka na odbiór.

handed-to = { $by ->
    [recipient] {" "}do rąk własnych
    [neighbour] {" "}do sąsiada
    [safe_place] {" "}w bezpieczne miejsce
    [locker] {" "}do automatu paczkowego
    [pickup_point] {" "}w punkcie odbioru
   *[none] {""}
  }
was-delivered = { $share ->
    [whole] Twoja paczka została doręczona
    [one] Paczka { $number } z { $of } została doręczona
    [some] { $together ->
        [few] { $together } z { $of } Twoich paczek zostały doręczone
       *[many] { $together } z { $of } Twoich paczek zostało doręczonych
      }
   *[all] { $of ->
        [few] { all-parcels } zostały doręczone
       *[many] { all-parcels } zostało doręczonych
      }
  }
delivered =
    .subject = { was-delivered }{ $by ->
        [recipient] {""}
       *[other] { handed-to }
      }
    .title = Doręczono
    .lead = { $by ->
        [recipient] Przewoźnik przekazał { it-or-they } do rąk własnych.
        [neighbour] Przewoźnik zostawił { it-or-they } u sąsiada.
        [safe_place] Przewoźnik zostawił { it-or-they } w bezpiecznym miejscu pod Twoim adresem.
        [locker] Przewoźnik umieścił { it-or-they } w automacie paczkowym.
        [pickup_point] Odebrano { it-or-they } w punkcie odbioru.
       *[none] Według przewoźnika przesyłka jest już u Ciebie.
      }
    .next = Nie ma jej albo coś się nie zgadza? Daj nam znać w ciągu kilku dni, a naprawimy to.
    .button = Zobacz zamówienie
    .sms = { was-delivered }{ handed-to }.
    .also = { capital-parcel } została doręczona{ handed-to }.

order_complete =
    .subject = Zamówienie { $order } w komplecie: { $of ->
        [1] paczka została doręczona
        [few] wszystkie { $of } paczki zostały doręczone
       *[many] wszystkie { $of } paczek zostało doręczonych
      }
    .title = Wszystko jest już u Ciebie
    .lead = { $by ->
        [neighbour] Ostatnia paczka została u sąsiada. Zamówienie { $order } jest w komplecie.
        [safe_place] Ostatnia paczka została w bezpiecznym miejscu pod Twoim adresem. Zamówienie { $order } jest w komplecie.
        [locker] Ostatnia paczka czeka w automacie paczkowym. Zamówienie { $order } jest w komplecie.
       *[other] Ostatnia paczka została doręczona. Zamówienie { $order } jest w komplecie.
      }
    .next = Czegoś brakuje albo coś się nie zgadza? Daj nam znać w ciągu kilku dni, a naprawimy to.
    .button = Zobacz zamówienie
    .sms = zamówienie { $order } w komplecie: wszystkie paczki zostały doręczone.
    .also = Zamówienie { $order } jest w komplecie.

new-day = { $when ->
    [none] {""}
   *[other] , dotrze { $when }
  }
delay_expected =
    .subject = { $missed ->
        [yes] Zamówienie { $order } jest opóźnione{ new-day }
        [likely] Zamówienie { $order } prawdopodobnie się opóźni{ new-day }
       *[no] Zamówienie { $order } się opóźni{ new-day }
      }
    .title = { $missed ->
        [yes] Zamówienie jest opóźnione
        [likely] Zamówienie prawdopodobnie się opóźni
       *[no] Zamówienie się opóźni
      }
    .lead = { $when ->
        [none] { $was ->
            [none] Potrwa to dłużej, niż zapowiadaliśmy, i nie znamy jeszcze nowego terminu. Przepraszamy.
           *[other] Dostawa miała nastąpić { $was }. Nie znamy jeszcze nowego terminu. Przepraszamy.
          }
       *[other] { $was ->
            [none] Teraz spodziewamy się dostawy { $when }. Przepraszamy za zwłokę.
           *[other] Dostawa miała nastąpić { $was }; teraz spodziewamy się jej { $when }. Przepraszamy za zwłokę.
          }
      }
    .know = { $place ->
        [none] { $when ->
            [none] Paczka nie porusza się zgodnie z planem.
           *[other] { $source ->
                [lane] Nowy termin wynika z tego, ile ostatnio jechały paczki na tej trasie, i może się jeszcze zmienić.
               *[carrier] Nowy termin wynika z dzisiejszych danych przewoźnika i może się jeszcze zmienić.
              }
          }
       *[other] Ostatnie miejsce, w którym widziano paczkę: { $place }.{ $when ->
            [none] {""}
           *[other] {" "}Nowy termin może się jeszcze zmienić.
          }
      }
    .do = Sprawdzamy ją codziennie i napiszemy, gdy tylko będzie coś nowego.
    .you = Nie musisz nic robić. Jeśli nie możesz czekać, napisz do nas, a znajdziemy inne wyjście.
    .button = Zobacz, gdzie jest
    .sms = przepraszamy, zamówienie { $order } { $missed ->
        [yes] jest opóźnione
        [likely] prawdopodobnie się opóźni
       *[no] się opóźni
      }{ $when ->
        [none] . Nie znamy jeszcze nowego terminu
       *[other] , dotrze { $when }
      }.
    .also = Zamówienie dotrze później, niż zapowiadaliśmy.

delay_again =
    .subject = Zamówienie { $order } znów się opóźni{ new-day }
    .title = Kolejne opóźnienie
    .lead = { $when ->
        [none] Podanego terminu nie da się dotrzymać, a nowego jeszcze nie znamy. Przepraszamy.
       *[other] Podanego terminu nie da się dotrzymać. Teraz spodziewamy się dostawy { $when }. Przepraszamy.
      }
    .know = { $place ->
        [none] Paczka nie porusza się zgodnie z planem.
       *[other] Ostatnie miejsce, w którym widziano paczkę: { $place }.
      }
    .do = Pilnujemy tej paczki i napiszemy, gdy tylko będzie coś nowego.
    .you = Jeśli wolisz nie czekać, napisz do nas: poszukamy najszybszego rozwiązania.
    .button = Zobacz, gdzie jest
    .sms = przepraszamy, zamówienie { $order } znów się opóźni{ $when ->
        [none] . Nie znamy jeszcze nowego terminu
       *[other] , dotrze { $when }
      }.
    .also = Zamówienie znów się opóźni.

back_on_time =
    .subject = { $when ->
        [none] Zamówienie { $order } znów jest na czas
       *[other] Znów na czas: zamówienie { $order } dotrze { $when }
      }
    .title = Znów na czas
    .lead = { $when ->
        [none] Pisaliśmy o opóźnieniu. Udało się je nadrobić: zamówienie powinno dotrzeć w pierwotnym terminie.
       *[other] Pisaliśmy o opóźnieniu. Udało się je nadrobić: zamówienie powinno dotrzeć { $when }.
      }
    .do = Pilnujemy go, dopóki nie będzie u Ciebie.
    .button = Zobacz, gdzie jest
    .sms = zamówienie { $order } znów jest na czas{ $when ->
        [none] {""}
       *[other] , dotrze { $when }
      }.
    .also = Zamówienie znów jest na czas.

exception =
    .subject = { $reason ->
        [address_wrong] Sprawdź, proszę, adres swojej paczki
        [address_moved] Sprawdź, proszę, adres swojej paczki
        [customs_hold] Urząd celny zatrzymał Twoją paczkę
        [customs_documents] Urząd celny potrzebuje dokumentów do Twojej paczki
        [customs_duties] Urząd celny wymaga opłaty za Twoją paczkę
        [payment_due] Twoja paczka czeka na płatność
        [carrier_damaged] Twoja paczka została uszkodzona w drodze
       *[other] Twoja paczka została zatrzymana
      }
    .title = { $reason ->
        [address_wrong] Potrzebujemy właściwego adresu
        [address_moved] Potrzebujemy właściwego adresu
        [customs_hold] Urząd celny sprawdza paczkę
        [customs_documents] Potrzebne są dokumenty celne
        [customs_duties] Urząd celny wymaga opłaty
        [payment_due] Paczka czeka na płatność
        [carrier_damaged] Paczka została uszkodzona
       *[other] Paczka została zatrzymana
      }
    .lead = { $reason ->
        [address_wrong] Przewoźnik nie może znaleźć adresu. Z właściwym adresem paczka ruszy dalej.
        [address_moved] Przewoźnik sądzi, że zmienił się adres. Z właściwym adresem paczka ruszy dalej.
        [customs_hold] Paczka czeka w urzędzie celnym. Czasem potrzeba czegoś więcej; często rusza dalej sama.
        [customs_documents] Paczka czeka w urzędzie celnym, aż dotrą brakujące dokumenty.
        [customs_duties] Paczka czeka w urzędzie celnym na opłacenie cła lub podatku.
        [payment_due] Paczka czeka, aż płatność zostanie uregulowana.
        [carrier_damaged] Przewoźnik zgłosił uszkodzenie. Przepraszamy i chcemy to naprawić.
       *[other] Paczka nie może na razie ruszyć dalej.
      }
    .know = { $place ->
        [none] Jest u przewoźnika i tam czeka.
       *[other] Czeka w miejscu: { $place }.
      }
    .do = Sprawdzamy ją codziennie i napiszemy, gdy tylko ruszy dalej.
    .you = { $reason ->
        [address_wrong] Prześlij nam pełny adres z numerem domu i mieszkania oraz numer telefonu dla kuriera.
        [address_moved] Prześlij nam nowy adres albo potwierdź, że dotychczasowy jest właściwy.
        [customs_documents] Prześlij dokumenty, o które prosi urząd celny, albo zapytaj nas: mamy fakturę.
        [customs_duties] Opłać należność na stronie przewoźnika albo zapytaj nas, jeśli kwota wydaje się błędna.
        [payment_due] Zapłać na stronie przewoźnika albo napisz do nas, jeśli płatność już wyszła.
        [carrier_damaged] Napisz, co wolisz: ponowną wysyłkę czy zwrot pieniędzy.
       *[other] { $page ->
            [yes] Zajrzyj na stronę śledzenia albo zapytaj nas: pomożemy ruszyć sprawę.
           *[no] Zapytaj nas: pomożemy ruszyć sprawę.
          }
      }
    .button = Sprawdź, czego trzeba
    .sms = { $reason ->
        [address_wrong] przewoźnik nie może znaleźć adresu. Prześlij nam, proszę, właściwy.
        [address_moved] przewoźnik sądzi, że zmienił się adres. Potwierdź go, proszę.
        [customs_documents] urząd celny potrzebuje dokumentów do Twojej paczki.
        [customs_duties] urząd celny wymaga opłaty za Twoją paczkę.
        [payment_due] Twoja paczka czeka na płatność.
        [carrier_damaged] Twoja paczka została uszkodzona w drodze. Napisz, jak mamy to naprawić.
       *[other] { your-parcel } została zatrzymana. Sprawdź, proszę, szczegóły.
      }
    .also = { capital-parcel } została zatrzymana.

correction =
    .subject = { $what ->
        [number] { capital-parcel } ma nowy numer przesyłki
        [not_delivered] Sprostowanie: { your-parcel } nie została jeszcze doręczona
       *[day] { $when ->
            [none] Sprostowanie: podany termin dostawy jest błędny
           *[other] Sprostowanie: dostawa { $when }
          }
      }
    .title = { $what ->
        [number] Nowy numer przesyłki
        [not_delivered] Jednak jeszcze niedoręczona
       *[day] Podaliśmy błędny termin
      }
    .lead = { $what ->
        [number] { $tracking ->
            [none] Numer { $said }, który podaliśmy, jest już nieważny. Nowy prześlemy, gdy tylko go otrzymamy.
           *[other] Od teraz obowiązuje numer { $tracking }. Podany wcześniej numer { $said } jest już nieważny.
          }
        [not_delivered] Pisaliśmy, że paczka została doręczona. Nowszy skan przewoźnika mówi, że wciąż jest w drodze. Przepraszamy za zamieszanie.
       *[day] { $when ->
            [none] Podaliśmy termin: { $was }. Jest błędny, a właściwego jeszcze nie znamy. Przepraszamy.
           *[other] Podaliśmy termin: { $was }. Właściwy jest inny: spodziewamy się dostawy { $when }. Przepraszamy za pomyłkę.
          }
      }
    .do = { $what ->
        [number] Sama paczka jest ta sama, zmienił się tylko jej numer.
        [not_delivered] Śledzimy paczkę i napiszemy, gdy naprawdę do Ciebie dotrze.
       *[day] Śledzimy paczkę i napiszemy, jeśli coś się zmieni.
      }
    .you = { $what ->
        [not_delivered] Jeśli paczka już jest u Ciebie, wszystko w porządku i nie musisz nic robić.
       *[other] Nie musisz nic robić.
      }
    .button = Śledź paczkę
    .sms = { $what ->
        [number] { $tracking ->
            [none] podany numer przesyłki jest już nieważny. Nowy prześlemy wkrótce.
           *[other] Twoja paczka ma nowy numer: { $tracking }.
          }
        [not_delivered] sprostowanie: { your-parcel } nie została jeszcze doręczona.
       *[day] { $when ->
            [none] sprostowanie: podany termin dostawy jest błędny.
           *[other] sprostowanie: dostawa { $when }.
          }
      }
    .also = { $what ->
        [number] Zmienił się numer przesyłki.
        [not_delivered] Paczka, którą uznaliśmy za doręczoną, wciąż jest w drodze.
       *[day] Zmienił się termin dostawy.
      }

returning =
    .subject = { capital-parcel } wraca do nas
    .title = Paczka wraca do nas
    .lead = Przewoźnik nie mógł jej doręczyć i odsyła ją do nas.
    .know = { $place ->
        [none] Droga powrotna trwa zwykle tyle, co droga do Ciebie.
       *[other] Ostatnie miejsce, w którym ją widziano: { $place }. Droga powrotna trwa zwykle tyle, co droga do Ciebie.
      }
    .do = Napiszemy, gdy do nas dotrze.
    .you = { $role ->
        [recipient] Jeśli nadal chcesz ją otrzymać, napisz do nas: poszukamy sposobu na ponowną wysyłkę.
       *[customer] Napisz, co wolisz: ponowną wysyłkę czy zwrot pieniędzy.
      }
    .button = Zobacz zamówienie
    .sms = nie udało się doręczyć paczki i wraca ona do nas. Napisz, co dalej.
    .also = { capital-parcel } wraca do nas.

returned =
    .subject = { capital-parcel } wróciła do nas
    .title = Paczka wróciła do nas
    .lead = Paczka, której nie udało się doręczyć, jest znowu u nas.
    .do = Przechowamy ją, dopóki nie dostaniemy od Ciebie wiadomości.
    .you = { $role ->
        [recipient] Jeśli nadal chcesz ją otrzymać, napisz, dokąd ją wysłać.
       *[customer] Napisz, co wolisz: ponowną wysyłkę czy zwrot pieniędzy.
      }
    .button = Zobacz zamówienie
    .sms = { your-parcel } wróciła do nas. Napisz, co dalej.
    .also = { capital-parcel } wróciła do nas.

lost =
    .subject = { capital-parcel } zaginęła, a my to naprawimy
    .title = Paczka zaginęła
    .lead = Przewoźnik zakończył poszukiwania i jej nie znalazł. Przepraszamy; ta strata nie obciąża Ciebie.
    .know = { $place ->
        [none] Od ostatniego skanu nie ma po niej śladu.
       *[other] Ostatnie miejsce, w którym ją widziano: { $place }.
      }
    .do = Rozliczymy to z przewoźnikiem. Nie musisz na to czekać.
    .you = { $role ->
        [recipient] Napisz, czy mamy wysłać ją jeszcze raz.
       *[customer] Napisz, co wolisz: to samo jeszcze raz czy zwrot pieniędzy.
      }
    .button = Zobacz zamówienie
    .sms = przepraszamy, { your-parcel } zaginęła. { $role ->
        [recipient] Napisz, czy mamy wysłać ją jeszcze raz.
       *[customer] Napisz, co wolisz: to samo jeszcze raz czy zwrot pieniędzy.
      }
    .also = { capital-parcel } zaginęła.

cancelled =
    .subject = { $whole ->
        [yes] Zamówienie { $order } zostało anulowane
       *[no] Część zamówienia { $order } została anulowana
      }
    .title = { $whole ->
        [yes] Zamówienie zostało anulowane
       *[no] Część zamówienia została anulowana
      }
    .lead = { $whole ->
        [yes] Nic z niego nie zostanie dostarczone.
       *[no] Poniższe produkty nie zostaną dostarczone. Reszta zamówienia pozostaje bez zmian.
      }
    .do = { $role ->
        [recipient] Więcej powie Ci osoba, która złożyła zamówienie.
       *[customer] Zapłacona za to kwota wróci do Ciebie tą samą drogą, którą wpłynęła.
      }
    .you = Jeśli to dla Ciebie niespodzianka, napisz do nas: sprawdzimy to.
    .button = Zobacz zamówienie
    .sms = { $whole ->
        [yes] zamówienie { $order } zostało anulowane.
       *[no] część zamówienia { $order } została anulowana.
      }
    .also = { $whole ->
        [yes] Zamówienie zostało anulowane.
       *[no] Część zamówienia została anulowana.
      }

return_requested =
    .subject = Mamy Twoją prośbę o zwrot, zamówienie { $order }
    .title = Twoja prośba do nas dotarła
    .lead = { $wish ->
        [refund] Chcesz coś odesłać i odzyskać pieniądze. Mamy to zapisane.
        [exchange] Chcesz coś odesłać i wymienić. Mamy to zapisane.
        [repair] Chcesz coś odesłać do naprawy. Mamy to zapisane.
       *[none] Chcesz coś odesłać. Mamy to zapisane.
      }
    .do = { $decided ->
        [none] { $here ->
            [yes] Rozpatrujemy każdą prośbę. Decyzję znajdziesz na stronie swojego zamówienia.
           *[no] Rozpatrujemy każdą prośbę.
          }
       *[other] { $here ->
            [yes] Decyzja zapadnie najpóźniej: { $decided }. Znajdziesz ją na stronie swojego zamówienia.
           *[no] Decyzja zapadnie najpóźniej: { $decided }.
          }
      }
    .you = Prosimy niczego nie odsyłać, zanim nie poznasz naszej decyzji. Jeśli ta prośba nie pochodzi od Ciebie, napisz do nas.
    .button = Zobacz swoją prośbę
    .sms = mamy Twoją prośbę o zwrot, zamówienie { $order }.{ $decided ->
        [none] {""}
       *[other] {" "}Decyzja najpóźniej: { $decided }.
      } Prosimy niczego nie odsyłać przed decyzją.
    .also = Mamy Twoją prośbę o zwrot, zamówienie { $order }.

feedback =
    .subject = Jak oceniasz zamówienie { $order }?
    .title = Czy wszystko jest tak, jak miało być?
    .lead = Powiedz nam w minutę, co było dobre, a co powinniśmy poprawić.
    .button = Oceń zamówienie
    .sms = jak oceniasz zamówienie { $order }? Wystarczy minuta.
    .also = Powiedz nam, jak oceniasz zamówienie.

## Strony, na których odpowiadają klienci

rating-scale = Jak oceniasz to zamówienie? Wybierz liczbę.
care-back = Wróć do zamówienia
care-again-soon = To było bardzo szybko. Naciśnij przycisk jeszcze raz, żebyśmy wiedzieli, że to Ty.
care-again-old = Ta strona była długo otwarta. Naciśnij przycisk jeszcze raz.
care-too-many-forms = To było dużo naraz. Odczekaj minutę i spróbuj ponownie.
care-not-taken = Nie udało się tego wysłać. Otwórz jeszcze raz link z naszego e-maila.
care-words = Chcesz coś dodać? (nieobowiązkowe)
care-words-hint = Nie podawaj danych, których nikt nie powinien czytać, na przykład numeru karty.

rating-title = Jak oceniasz zamówienie?
rating-lead = To zajmie minutę. Odpowiedz, na co chcesz, resztę możesz pominąć.
rating-csat = Na ile jesteś zadowolony lub zadowolona z tego zamówienia?
rating-csat-1 = Bardzo źle
rating-csat-2 = Źle
rating-csat-3 = Ani dobrze, ani źle
rating-csat-4 = Dobrze
rating-csat-5 = Bardzo dobrze
rating-nps = Na ile prawdopodobne jest, że polecisz { $brand } znajomym?
rating-nps-low = Na pewno nie
rating-nps-high = Na pewno tak
rating-ces = Jak łatwo było dostać to, co zamówiono?
rating-ces-low = Bardzo trudno
rating-ces-high = Bardzo łatwo
rating-send = Wyślij odpowiedzi
rating-none = Wybierz co najmniej jedną liczbę, a potem wyślij.
rating-given = To zamówienie już ma Twoją ocenę. Nowe odpowiedzi zastąpią poprzednie.
rating-not-yet = Zamówienie można ocenić, gdy tylko dotrze któraś z jego paczek.
rating-thanks-title = Dziękujemy
rating-thanks = Twoje odpowiedzi dotarły do { $brand }.
rating-thanks-case = Przykro nam, że coś poszło nie tak. Na podstawie Twoich odpowiedzi założyliśmy zgłoszenie. Ktoś je przeczyta i odpowie do: { $by }. Odpowiedź znajdziesz w zgłoszeniu.
rating-case-link = Zobacz zgłoszenie
rating-change = Zmień odpowiedzi

problem-title = Coś jest nie tak?
problem-lead = Napisz, co się stało. Odpowiemy tutaj, na tej stronie.
problem-sort = Co się stało?
problem-sort-not_arrived = Przesyłka nie dotarła
problem-sort-damaged = Dotarła uszkodzona
problem-sort-wrong_item = To nie to, co było zamówione
problem-sort-missing_item = Czegoś brakuje
problem-sort-other = Coś innego
problem-sort-low_score = Twoja ocena
problem-words = Opisz to własnymi słowami
problem-photos = Zdjęcia (nieobowiązkowe, najwyżej 3)
problem-photos-hint = JPEG, PNG lub WebP, każde do 10 MB. Usuwamy ze zdjęć informacje o tym, gdzie i kiedy je zrobiono.
problem-send = Wyślij
problem-none = Wybierz, co się stało, a potem wyślij.
problem-photo-type = Jeden z plików nie jest zdjęciem, które umiemy odczytać. Wyślij JPEG, PNG lub WebP.
problem-photo-size = Jedno ze zdjęć jest za duże. Wyślij zdjęcia do 10 MB.
problem-photo-count = Wyślij najwyżej 3 zdjęcia.
problem-busy = Wiele osób wysyła teraz zdjęcia. Spróbuj ponownie za minutę.
problem-too-many = W sprawie tego zamówienia mamy już wiele Twoich zgłoszeń. Zajmujemy się nimi; dopisz proszę do jednego z nich poniżej.
problem-sent = Dziękujemy, mamy Twoje zgłoszenie. Odpowiemy do: { $by }, tutaj na tej stronie.
case-list = Twoje zgłoszenia
case-state-open = Czeka na naszą odpowiedź
case-state-answered = Odpowiedź udzielona
case-state-solved = Rozwiązane
case-by = Odpowiemy do: { $by }.
case-late = Mieliśmy odpowiedzieć do: { $by }, i nie zdążyliśmy. Przepraszamy; pamiętamy o tym.
case-solve-by = Chcemy to rozwiązać do: { $by }.
case-solved-at = Rozwiązane: { $by }.
case-you = Ty
case-shop = { $brand }
case-photos = Zdjęcia: { $count }
case-say = Napisz do nas w tej sprawie
case-say-send = Wyślij wiadomość
case-say-none = Najpierw coś napisz, a potem wyślij.
case-reopen = Jednak nie rozwiązane? Napisz, a zajmiemy się tym jeszcze raz.

return-title = Zwróć coś
return-lead = Napisz, co chcesz zwrócić, dlaczego i czego oczekujesz.
return-items = Co zwracasz?
return-qty = Liczba sztuk: { $item }
return-item-unnamed = Rzecz z tego zamówienia
return-why = Dlaczego?
return-why-does_not_fit = Nie pasuje
return-why-not_as_described = Niezgodne z opisem
return-why-faulty = Jest wadliwe
return-why-wrong_item = To nie ta rzecz
return-why-too_late = Dotarło za późno
return-why-changed_mind = Zmiana decyzji
return-why-other = Inny powód
return-wish = Czego oczekujesz?
return-wish-refund = Zwrotu pieniędzy
return-wish-exchange = Wymiany
return-wish-repair = Naprawy
return-send = Wyślij prośbę
return-none = Wybierz co najmniej jedną rzecz, powód i to, czego oczekujesz, a potem wyślij.
return-not-possible = Z tego zamówienia nie można tu nic zwrócić: jeszcze nie dotarło albo czas na zwrot już minął.
return-again = Zapisaliśmy Twoją prośbę, ale nie udało się dokończyć. Naciśnij przycisk jeszcze raz za minutę.
return-too-many = W sprawie tego zamówienia mamy już wiele Twoich próśb. Zajmujemy się nimi.
return-sent = Dziękujemy. { $brand } ma Twoją prośbę; decyzja zapadnie do: { $by }, i pojawi się na tej stronie. Prosimy niczego wcześniej nie odsyłać.
return-list = Twoje prośby o zwrot
return-waiting = Czeka na decyzję, spodziewaną do: { $by }
return-late = Decyzja miała zapaść do: { $by }, i nie zdążyliśmy. Przepraszamy.
return-approved = Zgoda
return-declined = Odmowa
return-decided-at = Decyzja z: { $by }.

care-rate = Oceń zamówienie
care-rate-note = Minuta, najwyżej trzy pytania.
care-problem = Coś jest nie tak
care-problem-note = Nie dotarło, jest uszkodzone, czegoś brakuje: napisz, a odpowiemy.
care-return = Zwróć coś
care-return-note = Poproś o zwrot pieniędzy, wymianę albo naprawę.
care-case = Twoje zgłoszenie: { $item }
care-return-case = Twoja prośba o zwrot

## Strona ustawień: o czym i jak piszemy

wishes-title = Twoje wiadomości od { $brand }
wishes-lead = Wybierz, o czym mamy pisać i jaką drogą. Nic się nie zmieni, dopóki nie naciśniesz przycisku.
wishes-what = Co
wishes-email = E-mail
wishes-sms = SMS
wishes-necessary = Niezbędne do zamówienia
wishes-necessary-hint = Potwierdzenie, anulowanie, problemy, które możesz rozwiązać, kody odbioru, Twoje prośby o zwrot. E-mailem przychodzą zawsze: to część naszej umowy.
wishes-progress = Paczka w drodze
wishes-progress-hint = Wysłana, w doręczeniu, doręczona.
wishes-delay = Opóźnienia
wishes-delay-hint = Gdy będzie później, niż obiecaliśmy.
wishes-feedback = Pytania
wishes-feedback-hint = Jak poszło – najwyżej raz w miesiącu.
wishes-content = Porady i oferty
wishes-content-hint = Obok wiadomości w naszych e-mailach, nigdy osobno.
wishes-always = zawsze
wishes-language = Język
wishes-save = Zapisz
wishes-saved = Zapisane. Obowiązuje od następnej wiadomości.
wishes-number-title = Twój numer komórkowy
wishes-number-lead = SMS-y wysyłamy na numer z zamówienia. Tutaj możesz podać inny; najpierw wyślemy na niego kod, żeby nikt inny nie dostał Twoich wiadomości.
wishes-number-now = SMS-y przychodzą na numer kończący się na { $end }.
wishes-number-label = Numer komórkowy z kodem kraju
wishes-number-example = Na przykład { $example }
wishes-number-send = Wyślij mi kod
wishes-number-remove = Zapomnij ten numer
wishes-number-bad = To nie wygląda na numer z kodem kraju. Sprawdź go, proszę.
wishes-number-removed = Zapomnieliśmy ten numer. SMS-y znów przychodzą na numer z zamówienia.
wishes-number-confirmed = Dziękujemy. Od teraz SMS-y przychodzą na numer kończący się na { $end }.
wishes-code-sent = Wysłaliśmy sześciocyfrowy kod na numer kończący się na { $end }. Jest ważny { $minutes } min.
wishes-code-label = Kod
wishes-code-confirm = Potwierdź
wishes-code-wrong = To nie jest kod, który wysłaliśmy. Sprawdź go, proszę.
wishes-code-over = Tego kodu nie można już użyć. Poproś o nowy.
wishes-code-many = Na dziś wysłaliśmy już dość kodów. Spróbuj jutro.
wishes-code-failed = Nie udało się teraz wysłać kodu. Spróbuj za chwilę.
wishes-code-text = { $brand }: Twój kod to { $code }. Jest ważny { $minutes } min. Nie podawaj go nikomu.
wishes-stop-title = Tylko to, co niezbędne
wishes-stop-lead = Jednym kliknięciem: piszemy tylko to, co jest potrzebne do Twoich zamówień.
wishes-stop = Tylko niezbędne
wishes-stopped = Gotowe. Od teraz piszemy tylko to, co jest potrzebne do Twoich zamówień.
wishes-again = Naciśnij, proszę, jeszcze raz: to było szybciej, niż potrafi ręka, a programy czytające pocztę też naciskają przyciski.
wishes-later = Nie udało się teraz zapisać. Spróbuj za chwilę.
