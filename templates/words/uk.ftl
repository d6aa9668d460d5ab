# Українська. Змінні та правила описано в en.ftl.

## Дні й години

on-weekday = { $weekday ->
    [mon] у понеділок
    [tue] у вівторок
    [wed] у середу
    [thu] у четвер
    [fri] у п’ятницю
    [sat] у суботу
   *[sun] у неділю
  }
on-day = { $relative ->
    [today] сьогодні
    [tomorrow] завтра, { on-weekday }, { $date }
   *[none] { on-weekday }, { $date }
  }
the-day = { $relative ->
    [today] Сьогодні, { $full }
    [tomorrow] Завтра, { $full }
   *[none] { $full }
  }
on-days = { $month ->
    [same] { $from_day }–{ $until_date }
   *[other] від { $from_date } до { $until_date }
  }
the-days = { $month ->
    [same] { $from_day }–{ $until_date }
   *[other] { $from_date } – { $until_date }
  }
on-hours = { $from ->
    [none] { $on } до { $until }
   *[other] { $on } з { $from } до { $until }
  }
the-hours = { $from ->
    [none] { $the }, до { $until }
   *[other] { $the }, { $from }–{ $until }
  }
hours = { $from ->
    [none] до { $until }
   *[other] з { $from } до { $until }
  }
until-day = { $relative ->
    [today] { $time ->
        [none] до кінця сьогоднішнього дня
       *[other] сьогодні до { $time }
      }
    [tomorrow] { $time ->
        [none] до завтра, { $date }
       *[other] до завтра, { $date }, до { $time }
      }
   *[none] { $weekday ->
        [mon] до понеділка
        [tue] до вівторка
        [wed] до середи
        [thu] до четверга
        [fri] до п’ятниці
        [sat] до суботи
       *[sun] до неділі
      }, { $date }{ $time ->
        [none] {""}
       *[other] , до { $time }
      }
  }

## Гроші

money = { $currency ->
    [UAH] { $amount } ₴
    [EUR] { $amount } €
    [PLN] { $amount } zł
    [GBP] { $amount } £
    [USD] { $amount } $
    [BRL] { $amount } R$
   *[other] { $amount } { $currency }
  }

## Сталі слова

greeting = Вітаємо, { $name }.
order-label = Замовлення { $order }
parcel-label = Посилка { $number } з { $of }
expected-label = Очікувана доставка
new-day-label = Нова дата доставки
collect-label = Можна забрати
delivered-label = Доставлено
step-ordered = Замовлено
step-shipped = У дорозі
step-out = Везе кур’єр
step-collect = Можна забрати
step-delivered = Доставлено
carrier-label = Перевізник
service-label = Послуга
tracking-label = Номер посилки
pickup-label = Де
until-label = До коли
code-label = Ваш код
place-label = Востаннє
said-label = Раніше
old-number-label = Попередній номер, уже не дійсний
was-label = Попередня дата
address-label = Куди
in-order = У вашому замовленні
in-parcel = У цій посилці
in-parcels = У цих посилках
decision-label = Рішення не пізніше
going-back = Повертаєте
still-to-come = Ще готуємо
cancelled-items = Скасовано
other-news = Також нове
other-parcels = Інші ваші посилки
each-parcel = Кожна посилка окремо
in-their-words = Примітка перевізника: «{ $words }»
track-button = Відстежити посилку
order-button = Переглянути замовлення
what-next = Що далі
what-happened = Що сталося
what-we-know = Що ми знаємо
what-we-do = Що ми робимо
what-you-can-do = Що можете зробити ви
subtotal-label = Товари
shipping-label = Доставка
shipping-free = Безкоштовно
tax-label = Податок
tax-included-label = У тому числі податок
total-label = Разом
pieces = { $pieces ->
    [one] { $pieces } річ
    [few] { $pieces } речі
   *[many] { $pieces } речей
  }
more-items = { $more ->
    [one] і ще { $more } річ
    [few] і ще { $more } речі
   *[many] і ще { $more } речей
  }
item-without-title = Товар
item-alt = Фото: { $title }
quantity = Кількість: { $qty }
help-label = Потрібна допомога?
help-answer = Просто дайте відповідь на цей лист: його прочитає людина.
help-email = Напишіть нам
help-phone = Зателефонуйте нам
help-page = Допомога й контакти
help-hours = Ми на зв’язку { $hours }.
footer-why = Ви отримали цей лист через своє замовлення в { $brand }.
footer-why-recipient = Ви отримали цей лист, бо посилка від { $brand } адресована вам.
footer-shop = Крамниця
footer-returns = Повернення
footer-faq = Запитання й відповіді
footer-privacy = Приватність
footer-unsubscribe = Більше не надсилати таких повідомлень

## Що з іншими посилками

parcel-state = { $state ->
    [announced] готується{ expected-then }
    [moving] у дорозі{ expected-then }
    [out_for_delivery] { $hours ->
        [none] прибуде сьогодні
       *[other] прибуде сьогодні { $hours }
      }
    [attempt_failed] ще не вручена
    [waiting] { $pickup ->
        [none] чекає на вас у відділенні
       *[other] чекає на вас: { $pickup }
      }
    [delivered] доставлена
    [exception] затримана; ми з’ясовуємо причину
    [returning] повертається до нас
    [returned] повернулася до нас
   *[lost] загубилася
  }
parcel-line = Посилка { $number } з { $of } { parcel-state }.

## Чому щось пішло не так

reason-carrier_capacity = У перевізника зараз більше посилок, ніж він устигає перевезти.
reason-carrier_damaged = Посилку пошкоджено в дорозі.
reason-carrier_lost = Перевізник не може знайти посилку.
reason-carrier_misrouted = Посилка потрапила не до того відділення, і її повертають на правильний маршрут.
reason-carrier_other = Посилку затримала перешкода на боці перевізника.
reason-customs_hold = Посилку перевіряє митниця.
reason-customs_documents = Митниці потрібні додаткові документи, щоб пропустити посилку.
reason-customs_duties = Митниця просить сплатити мито або податок.
reason-address_wrong = Перевізник не може знайти адресу, вказану на посилці.
reason-address_moved = Перевізнику повідомили, що адреса одержувача змінилася.
reason-recipient_absent = Нікого не було, щоб прийняти посилку.
reason-recipient_refused = Посилку не прийняли біля дверей.
reason-recipient_closed = Коли приїхав кур’єр, було зачинено.
reason-pickup_expired = Посилку не забрали вчасно.
reason-payment_due = Перед отриманням посилки потрібно внести оплату.
reason-weather = Посилки в дорозі затримує негода.
reason-security = Посилка проходить перевірку безпеки.
reason-shop_other = Замовлення затрималося з нашого боку.
reason-unknown = Причини ми поки не знаємо.

## Частини речень

arriving = { $when ->
    [none] {""}
   *[other] , прибуде { $when }
  }
expected-then = { $when ->
    [none] {""}
   *[other] , має прибути { $when }
  }
carrier-has = { $carrier ->
    [none] Перевізник уже має
   *[other] { $carrier } уже має
  }
it-or-they = { $share ->
    [some] їх
    [all] їх
   *[other] її
  }
your-parcel = { $share ->
    [whole] ваша посилка
    [one] посилка { $number } з { $of }
    [some] { $together } з { $of } посилок
   *[all] { $of ->
        [few] усі { $of } посилки
       *[many] усі { $of } посилок
      }
  }
# Кого? Що?
your-parcel-object = { $share ->
    [whole] вашу посилку
    [one] посилку { $number } з { $of }
    [some] { $together } з { $of } посилок
   *[all] { $of ->
        [few] усі { $of } посилки
       *[many] усі { $of } посилок
      }
  }
capital-parcel = { $share ->
    [whole] Ваша посилка
   *[other] Посилка { $number } з { $of }
  }
capital-parcels = { $share ->
    [whole] Ваша посилка
    [one] Посилка { $number } з { $of }
    [some] { $together } з { $of } ваших посилок
   *[all] { all-parcels }
  }
all-parcels = { $of ->
    [few] Усі { $of } посилки
   *[many] Усі { $of } посилок
  }
will-arrive = { $share ->
    [some] { $together ->
        [one] прибуде
       *[other] прибудуть
      }
    [all] прибудуть
   *[one] прибуде
  }
arrive-then = { $when ->
    [none] {""}
   *[other] , { will-arrive } { $when }
  }
delivery-then = { $when ->
    [none] {""}
   *[other] , доставка { $when }
  }

## Сторінка замовлення

place-title = Ваше замовлення в { $brand }
place-title-shared = Посилка від { $brand }
place-preview = Де вона і коли прибуде.
place-counts = { $done ->
    [one] { $done } з { $of } посилок уже у вас.
    [few] { $done } з { $of } посилок уже у вас.
   *[many] { $done } з { $of } посилок уже у вас.
  }
place-estimate = Це оцінка за тим, скільки посилки на цьому шляху були в дорозі останнім часом. Вона ще може змінитися.
place-news = Остання новина: { $at }
place-local = Увесь час указано за місцем доставки.
place-moment = { $day }, { $time }
place-parcel = Ваша посилка
place-parcels = Ваші посилки
place-order = Ваше замовлення
place-way = Що вже відбулося
place-older = Показати попередні події
place-progress = Як далеко вона
place-done = зроблено:
place-current = зараз:
place-todo = ще попереду:
place-copy = Копіювати
place-copied = Скопійовано
place-copy-number = Копіювати номер посилки
place-carrier-page = { $carrier ->
    [none] Сторінка перевізника
   *[other] Відстежити на сторінці { $carrier }
  }
place-code-note = Покажіть код або цей квадрат там, де забираєте посилку.
place-code-square = Код у вигляді квадрата для сканування
place-hours = Години роботи
place-details = Деталі замовлення
place-questions = Варто знати
place-care = Щось не так?
place-cases = Ваші звернення
place-calendar = Додати в календар
place-share = Поділитися
place-share-note = Хто отримає цю адресу, побачить лише шлях посилки: без імені, адреси, цін і номера замовлення.
place-share-copy = Копіювати адресу
place-phone = На телефоні
place-phone-note = Наведіть камеру телефона на цей квадрат.
place-phone-square = Адреса цієї сторінки у вигляді квадрата для сканування
place-keep = Цю сторінку побачить кожен, хто має її адресу: збережіть її для себе або поділіться скороченою версією.
place-fresh = Сторінку щойно оновлено.
place-print = Друкувати
calendar-title = Посилка від { $brand }
calendar-note = Дата ще може змінитися. Як справи зараз: { $link }

now-checked = Ми ще раз перевіряємо ваше замовлення
    .lead = Перевіряємо адресу або оплату. Якщо нам щось знадобиться, ми запитаємо.
now-placed = Ваше замовлення в нас
    .lead = Щойно надійде оплата, ми почнемо його готувати.
now-preparing = Готуємо ваше замовлення
    .lead = Оплата надійшла, ми вже пакуємо.
    .next = Щойно посилка вирушить, ви побачите тут, де вона.
now-packed = Спаковано й готово до дороги
    .lead = Ваше замовлення спаковано, воно чекає на перевізника.
    .next = Щойно її забере перевізник, ви побачите тут, де вона.
now-coming = { $share ->
    [one] Посилка { $number } з { $of } у дорозі
   *[whole] У дорозі до вас
  }
    .lead = { carrier-has } { your-parcel-object } в себе.
    .unknown = { carrier-has } { your-parcel-object } в себе. Дня доставки ще немає; найперше він з’явиться тут.
    .next = У день доставки ви побачите тут, що посилку везе кур’єр, і години, якщо перевізник їх назве.
now-arrives = { $share ->
    [one] Посилка { $number } з { $of } { $sure ->
        [probably] імовірно прибуде
        [should] має прибути
       *[yes] прибуде
      } { $when }
   *[whole] { $sure ->
        [probably] Імовірно прибуде
        [should] Має прибути
       *[yes] Прибуде
      } { $when }
  }
now-out = { $share ->
    [one] Посилка { $number } з { $of } прибуде сьогодні
   *[whole] Прибуде сьогодні
  }{ $hours ->
    [none] {""}
   *[other] {" "}{ $hours }
  }
now-collect = { $share ->
    [one] Посилку { $number } з { $of } можна забрати
   *[whole] Можна забрати
  }{ $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
now-late = Пізніше, ніж ми казали{ $when ->
    [none] {""}
   *[other] { $sure ->
        [probably] : імовірно { $when }
       *[yes] : тепер очікуємо { $when }
      }
  }
now-delivered = { $share ->
    [one] Посилку { $number } з { $of } доставлено { $when }
   *[whole] Доставлено { $when }
  }

state-announced = Готується
state-moving = У дорозі
state-out_for_delivery = Везе кур’єр
state-attempt_failed = Ще не вручено
state-waiting = Можна забрати
state-delivered = Доставлено
state-exception = Затримано
state-returning = Повертається до нас
state-returned = Повернулася до нас
state-lost = Загубилася

event-placed = Замовлення оформлено
event-paid = Оплата надійшла
event-packed = Спаковано
event-shipped = Передано перевізникові
event-in_transit = У дорозі
event-delayed = Перевізник повідомляє про затримку
event-out_for_delivery = У кур’єра
event-attempt_failed = Не вдалося вручити
event-available_for_pickup = Можна забрати
event-delivered = Доставлено
event-exception = Затримано
event-returning = Повертається
event-returned = Знову у відправника
event-lost = Перевізник припинив пошуки

## Етапи

confirmed =
    .subject = Замовлення { $order } підтверджено{ delivery-then }
    .title = Дякуємо, ваше замовлення в нас
    .lead = { $when ->
        [none] Оплата надійшла, ми готуємо ваше замовлення.
       *[other] Оплата надійшла. Замовлення має бути у вас { $when }.
      }
    .next = Зараз ми його пакуємо. Щойно його забере перевізник, ви отримаєте посилання для відстеження.
    .button = Переглянути замовлення
    .sms = замовлення { $order } підтверджено{ delivery-then }.
    .also = Оплата надійшла, замовлення { $order } підтверджено.

packed =
    .subject = Замовлення { $order } спаковано{ delivery-then }
    .title = Спаковано й готово до дороги
    .lead = { $when ->
        [none] Ваше замовлення спаковано, воно чекає на перевізника.
       *[other] Ваше замовлення спаковано, воно має бути у вас { $when }.
      }
    .next = Щойно його забере перевізник, ви отримаєте посилання для відстеження.
    .button = Переглянути замовлення
    .sms = замовлення { $order } спаковано{ delivery-then }.
    .also = Ваше замовлення спаковано.

shipped =
    .subject = { capital-parcels } в дорозі{ arrive-then }
    .title = { capital-parcels } в дорозі
    .lead = { $when ->
        [none] { carrier-has } { it-or-they } в себе. Дня доставки ми ще не знаємо{ $page ->
            [yes] ; найперше його покаже сторінка відстеження
           *[no] {""}
          }.
       *[other] { carrier-has } { it-or-they } в себе й має доставити { $when }.
      }
    .next = Наступного разу напишемо в день доставки.
    .button = Відстежити посилку
    .sms = { your-parcel } в дорозі{ $carrier ->
        [none] {""}
       *[other] {" "}({ $carrier })
      }{ arrive-then }.
    .also = { capital-parcel } в дорозі{ expected-then }.

arriving_soon =
    .subject = { capital-parcel } { $when ->
        [none] скоро прибуде
       *[other] прибуде { $when }
      }
    .title = Уже зовсім близько
    .lead = { $when ->
        [none] Посилка вже близько й скоро має бути у вас.
       *[other] Посилка має бути у вас { $when }.
      }
    .next = У день доставки, коли кур’єр візьме її в машину, ми напишемо ще раз.
    .button = Відстежити посилку
    .sms = { your-parcel } { $when ->
        [none] скоро прибуде
       *[other] прибуде { $when }
      }.
    .also = { capital-parcel } { $when ->
        [none] скоро прибуде
       *[other] прибуде { $when }
      }.

today-hours = { $hours ->
    [none] сьогодні
   *[other] сьогодні { $hours }
  }
out_for_delivery =
    .subject = { capital-parcels } { will-arrive } { today-hours }
    .title = Доставка сьогодні
    .lead = { carrier-has } { your-parcel-object } в машині й має доставити { today-hours }.
    .next = Якщо нікого не буде вдома, кур’єр діятиме за правилами перевізника: сусіди, надійне місце, пункт видачі або ще одна спроба. Ми напишемо, де посилка.
    .button = Стежити за доставкою
    .sms = { your-parcel } { will-arrive } { today-hours }{ $carrier ->
        [none] {""}
       *[other] {" "}({ $carrier })
      }.
    .also = { capital-parcel } прибуде сьогодні.

attempt_failed =
    .subject = { $carrier ->
        [none] Не вдалося вручити
       *[other] { $carrier }: не вдалося вручити
      } { $share ->
        [whole] вашу посилку
       *[other] посилку { $number } з { $of }
      }
    .title = { $occurrence ->
        [1] Посилку не вдалося вручити
       *[other] Ще одна спроба доставки не вдалася
      }
    .lead = { $when ->
        [none] Кур’єр був на місці, але не зміг залишити посилку. Вона в безпеці в перевізника.
       *[other] Кур’єр був на місці, але не зміг залишити посилку. Наступна спроба: { $when }.
      }
    .next = { $when ->
        [none] { $page ->
            [yes] Сторінка відстеження покаже наступну спробу, а часто дає змогу вибрати інший день або місце.
           *[no] Зазвичай перевізник пробує ще раз.
          } Ми напишемо, щойно посилка рушить далі.
       *[other] { $page ->
            [yes] Якщо цей день вам не підходить, на сторінці відстеження часто можна вибрати інший день або місце.
           *[no] Якщо цей день вам не підходить, напишіть нам: пошукаємо інший вихід.
          }
      }
    .button = Переглянути варіанти
    .sms = не вдалося вручити { $share ->
        [whole] вашу посилку
       *[other] посилку { $number } з { $of }
      }{ $carrier ->
        [none] {""}
       *[other] {" "}({ $carrier })
      }.{ $when ->
        [none] {""}
       *[other] {" "}Наступна спроба: { $when }.
      }
    .also = { $share ->
        [whole] Вашу посилку не вдалося вручити.
       *[other] Посилку { $number } з { $of } не вдалося вручити.
      }

wait-for-you = { $share ->
    [some] { $together ->
        [one] чекає на вас
       *[other] чекають на вас
      }
    [all] чекають на вас
   *[one] чекає на вас
  }
until-then = { $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
code-and-place = { $code ->
    [none] {""}
   *[other] {" "}Код: { $code }.
  }{ $pickup ->
    [none] {""}
   *[other] {" "}{ $pickup }.
  }
available_for_pickup =
    .subject = { capital-parcels } { wait-for-you }{ until-then }
    .title = Можна забирати
    .lead = { $pickup ->
        [none] { capital-parcels } { wait-for-you } в пункті видачі{ until-then }.
       *[other] { capital-parcels } { wait-for-you }{ until-then }. Місце: { $pickup }.
      }
    .next = { $until ->
        [none] Заберіть її, будь ласка, якнайшвидше: перевізник зберігає посилки лише кілька днів, а потім повертає нам.
       *[other] Якщо не забрати вчасно, перевізник поверне її нам.
      }
    .button = Показати пункт видачі
    .sms = { your-parcel } { wait-for-you }{ until-then }.{ code-and-place }
    .also = { capital-parcel } чекає на вас.

pickup_reminder =
    .subject = { $until ->
        [none] Будь ласка, заберіть свою посилку
       *[other] Ваша посилка чекає лише { $until }
      }
    .title = Посилка досі чекає на вас
    .lead = { $pickup ->
        [none] { capital-parcel } чекає в пункті видачі{ until-then }.
       *[other] { capital-parcel } чекає на вас{ until-then }. Місце: { $pickup }.
      }
    .next = Якщо не забрати її вчасно, вона повернеться до нас. Якщо не встигаєте, напишіть зараз: пошукаємо вихід.
    .button = Показати пункт видачі
    .sms = { your-parcel } досі чекає на вас{ $until ->
        [none] {""}
       *[other] , лише { $until }
      }.{ code-and-place }
    .also = { capital-parcel } досі чекає на вас.

handed-to = { $by ->
    [recipient] {" "}особисто
    [neighbour] {" "}сусідам
    [safe_place] {" "}в надійне місце
    [locker] {" "}до поштомата
    [pickup_point] {" "}в пункті видачі
   *[none] {""}
  }
# «Вашу посилку доставлено»: безособова форма однакова для всіх чисел.
parcels-delivered = { $share ->
    [whole] Вашу посилку доставлено
    [one] Посилку { $number } з { $of } доставлено
    [some] Доставлено { $together } з { $of } ваших посилок
   *[all] { all-parcels } доставлено
  }
delivered =
    .subject = { parcels-delivered }{ $by ->
        [recipient] {""}
       *[other] { handed-to }
      }
    .title = Доставлено
    .lead = { $by ->
        [recipient] Перевізник вручив { it-or-they } особисто.
        [neighbour] Перевізник залишив { it-or-they } в сусідів.
        [safe_place] Перевізник залишив { it-or-they } в надійному місці за вашою адресою.
        [locker] Перевізник поклав { it-or-they } до поштомата.
        [pickup_point] { $share ->
            [some] Посилки отримано в пункті видачі.
            [all] Посилки отримано в пункті видачі.
           *[other] Посилку отримано в пункті видачі.
          }
       *[none] За даними перевізника, відправлення вже у вас.
      }
    .next = Її немає або щось не так? Напишіть нам протягом кількох днів, і ми все виправимо.
    .button = Переглянути замовлення
    .sms = { parcels-delivered }{ handed-to }.
    .also = { $share ->
        [whole] Вашу посилку доставлено{ handed-to }.
       *[other] Посилку { $number } з { $of } доставлено{ handed-to }.
      }

order_complete =
    .subject = Замовлення { $order } доставлено повністю{ $of ->
        [1] {""}
        [few] : усі { $of } посилки у вас
       *[many] : усі { $of } посилок у вас
      }
    .title = Усе вже у вас
    .lead = { $by ->
        [neighbour] Останню посилку залишено в сусідів. Замовлення { $order } доставлено повністю.
        [safe_place] Останню посилку залишено в надійному місці за вашою адресою. Замовлення { $order } доставлено повністю.
        [locker] Остання посилка чекає в поштоматі. Замовлення { $order } доставлено повністю.
       *[other] Останню посилку доставлено. Замовлення { $order } доставлено повністю.
      }
    .next = Чогось бракує або щось не так? Напишіть нам протягом кількох днів, і ми все виправимо.
    .button = Переглянути замовлення
    .sms = замовлення { $order } доставлено повністю.
    .also = Замовлення { $order } доставлено повністю.

new-day = { $when ->
    [none] {""}
   *[other] , прибуде { $when }
  }
delay_expected =
    .subject = { $missed ->
        [yes] Замовлення { $order } запізнюється{ new-day }
        [likely] Замовлення { $order }, імовірно, затримається{ new-day }
       *[no] Замовлення { $order } затримається{ new-day }
      }
    .title = { $missed ->
        [yes] Ваше замовлення запізнюється
        [likely] Ваше замовлення, імовірно, затримається
       *[no] Ваше замовлення затримається
      }
    .lead = { $when ->
        [none] { $was ->
            [none] Це триватиме довше, ніж ми обіцяли, а нової дати ми ще не знаємо. Перепрошуємо.
           *[other] Доставка мала бути { $was }. Нової дати ми ще не знаємо. Перепрошуємо.
          }
       *[other] { $was ->
            [none] Тепер очікуємо доставку { $when }. Перепрошуємо за затримку.
           *[other] Доставка мала бути { $was }; тепер очікуємо її { $when }. Перепрошуємо за затримку.
          }
      }
    .know = { $place ->
        [none] { $when ->
            [none] Посилка рухається не за планом.
           *[other] { $source ->
                [lane] Нову дату взято з того, скільки останнім часом їхали посилки цим шляхом, вона ще може змінитися.
               *[carrier] Нову дату взято із сьогоднішніх даних перевізника, вона ще може змінитися.
              }
          }
       *[other] Востаннє посилку бачили тут: { $place }.{ $when ->
            [none] {""}
           *[other] {" "}Нова дата ще може змінитися.
          }
      }
    .do = Ми перевіряємо її щодня й напишемо, щойно буде щось нове.
    .you = Вам не потрібно нічого робити. Якщо не можете чекати, напишіть нам, і ми знайдемо інший вихід.
    .button = Подивитися, де вона
    .sms = перепрошуємо, замовлення { $order }{ $missed ->
        [yes] {" "}запізнюється
        [likely] , імовірно, затримається
       *[no] {" "}затримається
      }{ $when ->
        [none] . Нової дати ми ще не знаємо
       *[other] , прибуде { $when }
      }.
    .also = Замовлення прибуде пізніше, ніж ми обіцяли.

delay_again =
    .subject = Замовлення { $order } знову затримується{ new-day }
    .title = Знову затримка
    .lead = { $when ->
        [none] Дати, яку ми назвали, дотримати не вдасться, а нової ми ще не знаємо. Перепрошуємо.
       *[other] Дати, яку ми назвали, дотримати не вдасться. Тепер очікуємо доставку { $when }. Перепрошуємо.
      }
    .know = { $place ->
        [none] Посилка рухається не за планом.
       *[other] Востаннє посилку бачили тут: { $place }.
      }
    .do = Ми пильно стежимо за цією посилкою й напишемо, щойно буде щось нове.
    .you = Якщо не хочете чекати, напишіть нам: пошукаємо найшвидший вихід.
    .button = Подивитися, де вона
    .sms = перепрошуємо, замовлення { $order } знову затримується{ $when ->
        [none] . Нової дати ми ще не знаємо
       *[other] , прибуде { $when }
      }.
    .also = Замовлення знову затримується.

back_on_time =
    .subject = { $when ->
        [none] Замовлення { $order } знову вчасно
       *[other] Знову вчасно: замовлення { $order } прибуде { $when }
      }
    .title = Знову вчасно
    .lead = { $when ->
        [none] Ми писали про затримку. Її вдалося надолужити: замовлення має прибути, як і обіцяли спочатку.
       *[other] Ми писали про затримку. Її вдалося надолужити: очікуємо ваше замовлення { $when }.
      }
    .do = Ми стежимо за ним, доки воно не буде у вас.
    .button = Подивитися, де воно
    .sms = замовлення { $order } знову вчасно{ arriving }.
    .also = Замовлення знову вчасно.

exception =
    .subject = { $reason ->
        [address_wrong] Перевірте, будь ласка, адресу для посилки
        [address_moved] Перевірте, будь ласка, адресу для посилки
        [customs_hold] Вашу посилку затримала митниця
        [customs_documents] Митниці потрібні документи для вашої посилки
        [customs_duties] Митниця просить оплату за вашу посилку
        [payment_due] Ваша посилка чекає на оплату
        [carrier_damaged] Вашу посилку пошкоджено в дорозі
       *[other] Вашу посилку затримано: погляньте, будь ласка
      }
    .title = { $reason ->
        [address_wrong] Потрібна правильна адреса
        [address_moved] Потрібна правильна адреса
        [customs_hold] Посилку перевіряє митниця
        [customs_documents] Митниці потрібні документи
        [customs_duties] Митниця просить оплату
        [payment_due] Посилка чекає на оплату
        [carrier_damaged] Посилку пошкоджено
       *[other] Посилку затримано
      }
    .lead = { $reason ->
        [address_wrong] Перевізник не може знайти вашу адресу. З правильною адресою посилка рушить далі.
        [address_moved] Перевізник вважає, що ваша адреса змінилася. З правильною адресою посилка рушить далі.
        [customs_hold] Посилка чекає на митниці. Іноді просять щось іще; часто вона рушає далі сама.
        [customs_documents] Посилка чекає на митниці, доки надійдуть потрібні документи.
        [customs_duties] Посилка чекає на митниці, доки сплатять мито або податок.
        [payment_due] Посилка чекає, доки буде внесено оплату.
        [carrier_damaged] Перевізник повідомив про пошкодження. Перепрошуємо й хочемо все виправити.
       *[other] Посилка поки що не може рушити далі.
      }
    .know = { $place ->
        [none] Вона в перевізника й чекає там.
       *[other] Вона чекає тут: { $place }.
      }
    .do = Ми перевіряємо її щодня й напишемо, щойно вона рушить далі.
    .you = { $reason ->
        [address_wrong] Надішліть нам повну адресу з номером будинку й квартири та номер телефону для кур’єра.
        [address_moved] Надішліть нам нову адресу або підтвердьте, що попередня правильна.
        [customs_documents] Надішліть документи, яких просить митниця, або запитайте в нас: рахунок маємо ми.
        [customs_duties] Сплатіть на сторінці перевізника або напишіть нам, якщо сума здається хибною.
        [payment_due] Оплатіть на сторінці перевізника або напишіть нам, якщо вже оплатили.
        [carrier_damaged] Напишіть, що вам краще: нова доставка чи повернення грошей.
       *[other] { $page ->
            [yes] Погляньте на сторінку відстеження або запитайте в нас: ми допоможемо.
           *[no] Запитайте в нас: ми допоможемо.
          }
      }
    .button = Що потрібно зробити
    .sms = { $reason ->
        [address_wrong] перевізник не може знайти вашу адресу. Надішліть нам, будь ласка, правильну.
        [address_moved] перевізник вважає, що ваша адреса змінилася. Підтвердьте її, будь ласка.
        [customs_documents] митниці потрібні документи для вашої посилки.
        [customs_duties] митниця просить оплату за вашу посилку.
        [payment_due] ваша посилка чекає на оплату.
        [carrier_damaged] вашу посилку пошкоджено в дорозі. Напишіть, як нам це виправити.
       *[other] { your-parcel-object } затримано. Погляньте, будь ласка.
      }
    .also = { $share ->
        [whole] Вашу посилку затримано.
       *[other] Посилку { $number } з { $of } затримано.
      }

correction =
    .subject = { $what ->
        [number] { $share ->
            [whole] У вашої посилки
           *[other] У посилки { $number } з { $of }
          } новий номер
        [not_delivered] Уточнення: { your-parcel-object } ще не доставлено
       *[day] { $when ->
            [none] Уточнення: названа дата доставки хибна
           *[other] Уточнення: доставка { $when }
          }
      }
    .title = { $what ->
        [number] Новий номер посилки
        [not_delivered] Таки ще не доставлено
       *[day] Ми назвали хибну дату
      }
    .lead = { $what ->
        [number] { $tracking ->
            [none] Номер { $said }, який ми надіслали, більше не дійсний. Новий надішлемо, щойно його матимемо.
           *[other] Відтепер діє номер { $tracking }. Номер { $said }, який ми надіслали раніше, більше не дійсний.
          }
        [not_delivered] Ми писали, що посилку доставлено. Новіший запис перевізника показує, що вона ще в дорозі. Перепрошуємо за плутанину.
       *[day] { $when ->
            [none] Ми назвали дату: { $was }. Вона хибна, а правильної ми ще не знаємо. Перепрошуємо.
           *[other] Ми назвали дату: { $was }. Правильно так: очікуємо доставку { $when }. Перепрошуємо за помилку.
          }
      }
    .do = { $what ->
        [number] Сама посилка та сама, змінився лише її номер.
        [not_delivered] Ми стежимо за посилкою й напишемо, коли вона справді буде у вас.
       *[day] Ми стежимо за посилкою й напишемо, якщо щось зміниться.
      }
    .you = { $what ->
        [not_delivered] Якщо посилка вже у вас, усе гаразд і робити нічого не треба.
       *[other] Вам не потрібно нічого робити.
      }
    .button = Відстежити посилку
    .sms = { $what ->
        [number] { $tracking ->
            [none] надісланий номер посилки більше не дійсний. Новий надішлемо згодом.
           *[other] новий номер вашої посилки: { $tracking }.
          }
        [not_delivered] уточнення: { your-parcel-object } ще не доставлено.
       *[day] { $when ->
            [none] уточнення: названа дата доставки хибна.
           *[other] уточнення: доставка { $when }.
          }
      }
    .also = { $what ->
        [number] Номер посилки змінився.
        [not_delivered] Посилка, яку ми назвали доставленою, ще в дорозі.
       *[day] Дата доставки змінилася.
      }

returning =
    .subject = { capital-parcel } повертається до нас
    .title = Посилка повертається до нас
    .lead = Перевізник не зміг її доставити й повертає нам.
    .know = { $place ->
        [none] Дорога назад зазвичай триває стільки ж, скільки до вас.
       *[other] Востаннє її бачили тут: { $place }. Дорога назад зазвичай триває стільки ж, скільки до вас.
      }
    .do = Напишемо, коли вона буде в нас.
    .you = { $role ->
        [recipient] Якщо ви досі хочете її отримати, напишіть нам: пошукаємо спосіб надіслати ще раз.
       *[customer] Напишіть, що вам краще: нова доставка чи повернення грошей.
      }
    .button = Переглянути замовлення
    .sms = { your-parcel-object } не вдалося доставити, вона повертається до нас. Напишіть, що далі.
    .also = { capital-parcel } повертається до нас.

returned =
    .subject = { capital-parcel } повернулася до нас
    .title = Посилка знову в нас
    .lead = Посилка, яку не вдалося доставити, повернулася до нас.
    .do = Зберігаємо її, доки не отримаємо від вас звістки.
    .you = { $role ->
        [recipient] Якщо ви досі хочете її отримати, напишіть, куди надіслати.
       *[customer] Напишіть, що вам краще: нова доставка чи повернення грошей.
      }
    .button = Переглянути замовлення
    .sms = { your-parcel } повернулася до нас. Напишіть, що далі.
    .also = { capital-parcel } повернулася до нас.

lost =
    .subject = { capital-parcel } загубилася, і ми це виправимо
    .title = Посилка загубилася
    .lead = Перевізник завершив пошуки й не знайшов її. Перепрошуємо; ця втрата не на вас.
    .know = { $place ->
        [none] Після останнього запису її слідів немає.
       *[other] Востаннє її бачили тут: { $place }.
      }
    .do = Ми владнаємо це з перевізником. Чекати на це вам не потрібно.
    .you = { $role ->
        [recipient] Напишіть, чи надіслати її ще раз.
       *[customer] Напишіть, що вам краще: те саме ще раз чи повернення грошей.
      }
    .button = Переглянути замовлення
    .sms = перепрошуємо, { your-parcel } загубилася. { $role ->
        [recipient] Напишіть, чи надіслати її ще раз.
       *[customer] Напишіть, що вам краще: те саме ще раз чи повернення грошей.
      }
    .also = { capital-parcel } загубилася.

cancelled =
    .subject = { $whole ->
        [yes] Замовлення { $order } скасовано
       *[no] Частину замовлення { $order } скасовано
      }
    .title = { $whole ->
        [yes] Ваше замовлення скасовано
       *[no] Частину замовлення скасовано
      }
    .lead = { $whole ->
        [yes] Нічого з нього не буде доставлено.
       *[no] Товари, названі нижче, не буде доставлено. Решта замовлення без змін.
      }
    .do = { $role ->
        [recipient] Більше вам розповість той, хто робив замовлення.
       *[customer] Сплачені за це гроші повернуться до вас тим самим шляхом, яким ви платили.
      }
    .you = Якщо це для вас несподіванка, напишіть нам: ми перевіримо.
    .button = Переглянути замовлення
    .sms = { $whole ->
        [yes] замовлення { $order } скасовано.
       *[no] частину замовлення { $order } скасовано.
      }
    .also = { $whole ->
        [yes] Замовлення скасовано.
       *[no] Частину замовлення скасовано.
      }

return_requested =
    .subject = У нас є ваш запит на повернення, замовлення { $order }
    .title = Ваш запит надійшов до нас
    .lead = { $wish ->
        [refund] Ви хочете щось повернути й отримати назад гроші. Ми це записали.
        [exchange] Ви хочете щось повернути й обміняти. Ми це записали.
        [repair] Ви хочете щось надіслати на ремонт. Ми це записали.
       *[none] Ви хочете щось повернути. Ми це записали.
      }
    .do = { $decided ->
        [none] { $here ->
            [yes] Ми розглядаємо кожен запит. Рішення ви знайдете на сторінці вашого замовлення.
           *[no] Ми розглядаємо кожен запит.
          }
       *[other] { $here ->
            [yes] Рішення буде не пізніше: { $decided }. Ви знайдете його на сторінці вашого замовлення.
           *[no] Рішення буде не пізніше: { $decided }.
          }
      }
    .you = Будь ласка, нічого не надсилайте, доки не дізнаєтеся наше рішення. Якщо цей запит не від вас, напишіть нам.
    .button = Переглянути запит
    .sms = маємо ваш запит на повернення. Нічого не надсилайте до рішення.
    .also = У нас є ваш запит на повернення, замовлення { $order }.

feedback =
    .subject = Як вам замовлення { $order }?
    .title = Чи все так, як ви сподівалися?
    .lead = Розкажіть за хвилину, що було добре, а що нам варто поліпшити.
    .button = Оцінити замовлення
    .sms = як вам замовлення { $order }? Відповідь займе хвилину.
    .also = Розкажіть, як вам замовлення.

## Сторінки, на яких відповідають клієнти

rating-scale = Наскільки ви задоволені? Виберіть число.
care-back = Назад до замовлення
care-again-soon = Це було дуже швидко. Натисніть, будь ласка, кнопку ще раз, щоб ми знали, що це ви.
care-again-old = Ця сторінка довго була відкрита. Натисніть, будь ласка, кнопку ще раз.
care-too-many-forms = Забагато за один раз. Зачекайте хвилину і спробуйте знову.
care-not-taken = Не вдалося надіслати. Відкрийте ще раз посилання з нашого листа.
care-words = Бажаєте щось додати? (необов’язково)
care-words-hint = Не пишіть того, чого ніхто не має читати, наприклад номера картки.

rating-title = Як вам замовлення?
rating-lead = Це займе хвилину. Відповідайте на що хочете, решту можна пропустити.
rating-csat = Наскільки ви задоволені цим замовленням?
rating-csat-1 = Дуже погано
rating-csat-2 = Погано
rating-csat-3 = Ні добре, ні погано
rating-csat-4 = Добре
rating-csat-5 = Дуже добре
rating-nps = Наскільки ймовірно, що ви порадите { $brand } друзям?
rating-nps-low = Зовсім не пораджу
rating-nps-high = Точно пораджу
rating-ces = Наскільки легко було отримати замовлене?
rating-ces-low = Дуже важко
rating-ces-high = Дуже легко
rating-send = Надіслати відповіді
rating-none = Виберіть хоча б одне число, а потім надішліть.
rating-given = Ви вже оцінили це замовлення. Нові відповіді замінять попередні.
rating-not-yet = Замовлення можна оцінити, щойно доставлять хоча б одну з його посилок.
rating-thanks-title = Дякуємо
rating-thanks = Ваші відповіді отримали в { $brand }.
rating-thanks-case = Нам прикро, що не все вийшло добре. Через ваші відповіді ми самі відкрили звернення. Його прочитають і дадуть відповідь до: { $by }. Відповідь буде у зверненні.
rating-case-link = Переглянути звернення
rating-change = Змінити відповіді

problem-title = Щось не так?
problem-lead = Розкажіть, що сталося. Ми відповімо тут, на цій сторінці.
problem-sort = Що сталося?
problem-sort-not_arrived = Посилка не надійшла
problem-sort-damaged = Надійшла пошкодженою
problem-sort-wrong_item = Це не те, що я замовляв чи замовляла
problem-sort-missing_item = Чогось бракує
problem-sort-other = Щось інше
problem-sort-low_score = Ваша оцінка
problem-words = Розкажіть докладніше своїми словами
problem-photos = Фото (необов’язково, до 3)
problem-photos-hint = JPEG, PNG або WebP, до 10 МБ кожне. Ми вилучаємо з фото відомості про те, де й коли його зроблено.
problem-send = Надіслати
problem-none = Виберіть, що сталося, а потім надішліть.
problem-photo-type = Один із файлів не є фото, яке ми можемо прочитати. Надішліть JPEG, PNG або WebP.
problem-photo-size = Одне з фото завелике. Надішліть фото до 10 МБ.
problem-photo-count = Надішліть не більше 3 фото.
problem-busy = Зараз багато людей надсилають фото. Спробуйте за хвилину.
problem-too-many = Щодо цього замовлення від вас уже багато звернень. Ми ними займаємося; допишіть, будь ласка, в одне з них нижче.
problem-sent = Дякуємо, ми отримали. Відповімо до: { $by }, тут, на цій сторінці.
case-list = Ваші звернення
case-state-open = Чекає на нашу відповідь
case-state-answered = Є відповідь
case-state-solved = Вирішено
case-by = Ми відповімо до: { $by }.
case-late = Ми мали відповісти до: { $by }, і запізнюємося. Вибачте; ми про це не забули.
case-solve-by = Ми хочемо вирішити це до: { $by }.
case-solved-at = Вирішено: { $by }.
case-you = Ви
case-shop = { $brand }
case-photos = Фото: { $count }
case-say = Написати нам про це
case-say-send = Надіслати повідомлення
case-say-none = Спершу щось напишіть, а потім надішліть.
case-reopen = Усе-таки не вирішено? Напишіть, і ми розглянемо це ще раз.

return-title = Повернути щось
return-lead = Напишіть, що повертаєте, чому і чого бажаєте натомість.
return-items = Що повертаєте?
return-qty = Кількість: { $item }
return-item-unnamed = Річ із цього замовлення
return-why = Чому?
return-why-does_not_fit = Не підходить
return-why-not_as_described = Не відповідає опису
return-why-faulty = Несправне
return-why-wrong_item = Це не та річ
return-why-too_late = Надійшло запізно
return-why-changed_mind = Я передумав чи передумала
return-why-other = Інша причина
return-wish = Чого ви бажаєте?
return-wish-refund = Повернення грошей
return-wish-exchange = Обміну
return-wish-repair = Ремонту
return-send = Надіслати запит
return-none = Виберіть хоча б одну річ, причину і те, чого бажаєте, а потім надішліть.
return-not-possible = Із цього замовлення тут нічого не можна повернути: його ще не доставлено або час на повернення минув.
return-again = Ми записали ваш запит, але не змогли завершити. Натисніть, будь ласка, кнопку ще раз за хвилину.
return-too-many = Щодо цього замовлення від вас уже багато запитів. Ми ними займаємося.
return-sent = Дякуємо, у { $brand } є ваш запит. Рішення буде до: { $by }, тут, на цій сторінці. Будь ласка, нічого не надсилайте раніше.
return-list = Ваші запити на повернення
return-waiting = Чекає на рішення, очікується до: { $by }
return-late = Рішення мало бути до: { $by }, і ми запізнюємося. Вибачте.
return-approved = Погоджено
return-declined = Відхилено
return-decided-at = Рішення від: { $by }.

care-rate = Оцінити замовлення
care-rate-note = Одна хвилина, щонайбільше три запитання.
care-problem = Щось не так
care-problem-note = Не надійшло, пошкоджено, чогось бракує: напишіть, і ми відповімо.
care-return = Повернути щось
care-return-note = Попросити про повернення грошей, обмін або ремонт.
care-case = Ваше звернення: { $item }
care-return-case = Ваш запит на повернення

## Сторінка побажань: про що і як ми пишемо

wishes-title = Ваші повідомлення від { $brand }
wishes-lead = Оберіть, про що нам писати і яким шляхом. Нічого не зміниться, доки ви не натиснете кнопку.
wishes-what = Що
wishes-email = Ел. пошта
wishes-sms = SMS
wishes-necessary = Потрібне для замовлення
wishes-necessary-hint = Підтвердження, скасування, проблеми, які можете вирішити ви, коди отримання, ваші запити на повернення. Ел. поштою це приходить завжди: це частина нашого договору.
wishes-progress = Дорогою до вас
wishes-progress-hint = Відправлено, передано кур’єру, доставлено.
wishes-delay = Затримки
wishes-delay-hint = Коли буде пізніше, ніж обіцяно.
wishes-feedback = Запитання
wishes-feedback-hint = Як усе пройшло — щонайбільше раз на місяць.
wishes-content = Поради та пропозиції
wishes-content-hint = Поруч із новинами в наших листах, ніколи окремим листом.
wishes-always = завжди
wishes-language = Мова
wishes-save = Зберегти
wishes-saved = Збережено. Діє від наступного повідомлення.
wishes-number-title = Ваш мобільний номер
wishes-number-lead = SMS ми надсилаємо на номер із замовлення. Тут можна вказати інший; спершу ми надішлемо на нього код, щоб ніхто інший не отримав ваших повідомлень.
wishes-number-now = SMS приходять на номер, що закінчується на { $end }.
wishes-number-label = Мобільний номер з кодом країни
wishes-number-example = Наприклад, { $example }
wishes-number-send = Надіслати код
wishes-number-remove = Забути цей номер
wishes-number-bad = Це не схоже на номер із кодом країни. Перевірте, будь ласка.
wishes-number-removed = Ми забули цей номер. SMS знову приходять на номер із замовлення.
wishes-number-confirmed = Дякуємо. Відтепер SMS приходять на номер, що закінчується на { $end }.
wishes-code-sent = Ми надіслали код із шести цифр на номер, що закінчується на { $end }. Він діє { $minutes } хв.
wishes-code-label = Код
wishes-code-confirm = Підтвердити
wishes-code-wrong = Це не той код, який ми надіслали. Перевірте, будь ласка.
wishes-code-over = Цей код уже не діє. Попросіть новий.
wishes-code-many = На сьогодні кодів уже досить. Спробуйте завтра.
wishes-code-failed = Зараз не вдалося надіслати код. Спробуйте трохи згодом.
wishes-code-text = { $brand }: ваш код { $code }. Він діє { $minutes } хв. Нікому його не повідомляйте.
wishes-stop-title = Лише необхідне
wishes-stop-lead = Одним натисканням: пишемо лише те, що потрібне для ваших замовлень.
wishes-stop = Лише необхідне
wishes-stopped = Готово. Відтепер ми пишемо лише те, що потрібне для ваших замовлень.
wishes-again = Натисніть, будь ласка, ще раз: це було швидше, ніж уміє рука, а програми, що читають пошту, теж натискають кнопки.
wishes-later = Зараз не вдалося зберегти. Спробуйте трохи згодом.
