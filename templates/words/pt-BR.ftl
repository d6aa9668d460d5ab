# Português do Brasil. As variáveis e as regras estão em en.ftl.

## Dias e horas

on-day = { $relative ->
    [today] hoje
    [tomorrow] amanhã, { $full }
   *[none] { $weekday ->
        [sat] no sábado
        [sun] no domingo
        [mon] na segunda-feira
        [tue] na terça-feira
        [wed] na quarta-feira
        [thu] na quinta-feira
       *[fri] na sexta-feira
      }, { $date }
  }
the-day = { $relative ->
    [today] Hoje, { $full }
    [tomorrow] Amanhã, { $full }
   *[none] { $full }
  }
on-days = { $month ->
    [same] entre { $from_day } e { $until_date }
   *[other] entre { $from_date } e { $until_date }
  }
the-days = { $month ->
    [same] { $from_day } a { $until_date }
   *[other] { $from_date } a { $until_date }
  }
on-hours = { $from ->
    [none] { $on } até as { $until }
   *[other] { $on } entre { $from } e { $until }
  }
the-hours = { $from ->
    [none] { $the }, até as { $until }
   *[other] { $the }, { $from }–{ $until }
  }
hours = { $from ->
    [none] até as { $until }
   *[other] entre { $from } e { $until }
  }
until-day = { $time ->
    [none] { $relative ->
        [today] até o fim do dia de hoje
        [tomorrow] até amanhã, { $full }
       *[none] até { $full }
      }
   *[other] { $relative ->
        [today] até as { $time } de hoje
        [tomorrow] até as { $time } de amanhã, { $full }
       *[none] até as { $time } de { $full }
      }
  }

## Dinheiro

money = { $currency ->
    [BRL] R$ { $amount }
    [EUR] € { $amount }
    [USD] US$ { $amount }
    [GBP] £ { $amount }
    [PLN] { $amount } zł
    [UAH] { $amount } ₴
   *[other] { $currency } { $amount }
  }

## Palavras fixas

greeting = Olá, { $name }.
order-label = Pedido { $order }
parcel-label = Pacote { $number } de { $of }
expected-label = Entrega prevista
new-day-label = Nova previsão
collect-label = Retirada
delivered-label = Entregue
step-ordered = Pedido feito
step-shipped = A caminho
step-out = Saiu para entrega
step-collect = Para retirar
step-delivered = Entregue
carrier-label = Transportadora
service-label = Serviço
tracking-label = Código de rastreio
pickup-label = Onde
until-label = Até
code-label = Seu código
place-label = Visto por último
said-label = Antes
old-number-label = Código anterior, não vale mais
was-label = Previsão anterior
address-label = Endereço de entrega
in-order = No seu pedido
in-parcel = Neste pacote
in-parcels = Nestes pacotes
decision-label = Nossa decisão até
going-back = O que volta
still-to-come = Ainda por vir
cancelled-items = Cancelado
other-news = Mais novidades
other-parcels = Seus outros pacotes
each-parcel = Pacote por pacote
in-their-words = Observação da transportadora: “{ $words }”
track-button = Rastrear o pacote
order-button = Ver o pedido
what-next = E agora
what-happened = O que aconteceu
what-we-know = O que sabemos
what-we-do = O que estamos fazendo
what-you-can-do = O que você pode fazer
subtotal-label = Produtos
shipping-label = Frete
shipping-free = Grátis
tax-label = Impostos
tax-included-label = Impostos incluídos
total-label = Total
pieces = { $pieces ->
    [one] { $pieces } item
   *[other] { $pieces } itens
  }
more-items = { $more ->
    [one] e mais { $more } item
   *[other] e mais { $more } itens
  }
item-without-title = Item
item-alt = Foto de { $title }
quantity = Quantidade: { $qty }
help-label = Precisa de ajuda?
help-answer = É só responder a este e-mail: uma pessoa vai ler.
help-email = Escreva para nós
help-phone = Ligue para nós
help-page = Ajuda e contato
help-hours = Atendemos { $hours }.
footer-why = Você recebe este e-mail por causa do seu pedido na { $brand }.
footer-why-recipient = Você recebe este e-mail porque um pacote da { $brand } está endereçado a você.
footer-shop = Loja
footer-returns = Devoluções
footer-faq = Perguntas e respostas
footer-privacy = Privacidade
footer-unsubscribe = Não quero mais estas mensagens

## Como estão os outros pacotes

parcel-state = { $state ->
    [announced] está em preparação{ expected-then }
    [moving] está a caminho{ expected-then }
    [out_for_delivery] { $hours ->
        [none] chega hoje
       *[other] chega hoje, { $hours }
      }
    [attempt_failed] ainda não pôde ser entregue
    [waiting] { $pickup ->
        [none] está pronto para retirada
       *[other] está pronto para retirada: { $pickup }
      }
    [delivered] foi entregue
    [exception] está parado; estamos verificando
    [returning] está voltando para nós
    [returned] voltou para nós
   *[lost] foi extraviado
  }
parcel-line = O pacote { $number } de { $of } { parcel-state }.

## Por que algo deu errado

reason-carrier_capacity = A transportadora está com mais pacotes do que consegue levar no momento.
reason-carrier_damaged = O pacote foi danificado no caminho.
reason-carrier_lost = A transportadora não consegue localizar o pacote.
reason-carrier_misrouted = O pacote foi para a unidade errada e está sendo encaminhado de novo.
reason-carrier_other = Um imprevisto na transportadora segurou o pacote.
reason-customs_hold = A alfândega está verificando o pacote.
reason-customs_documents = A alfândega precisa de mais documentos para liberar o pacote.
reason-customs_duties = A alfândega pede o pagamento de taxas ou impostos.
reason-address_wrong = A transportadora não encontra o endereço que está no pacote.
reason-address_moved = A transportadora recebeu a informação de que o endereço mudou.
reason-recipient_absent = Não havia ninguém para receber o pacote.
reason-recipient_refused = O pacote não foi aceito na porta.
reason-recipient_closed = O local estava fechado quando o entregador chegou.
reason-pickup_expired = O pacote não foi retirado no prazo.
reason-payment_due = Falta um pagamento para que o pacote possa ser entregue.
reason-weather = O mau tempo está segurando os pacotes no caminho.
reason-security = O pacote está em uma verificação de segurança.
reason-shop_other = Algo do nosso lado atrasou o seu pedido.
reason-unknown = Ainda não sabemos a causa.

## Partes de frases

arriving = { $when ->
    [none] {""}
   *[other] , chega { $when }
  }
expected-then = { $when ->
    [none] {""}
   *[other] , com previsão de chegar { $when }
  }
carrier-has = { $carrier ->
    [none] A transportadora já está com
   *[other] { $carrier } já está com
  }
it-or-they = { $share ->
    [some] eles
    [all] eles
   *[other] ele
  }
your-parcel = { $share ->
    [whole] seu pacote
    [one] o pacote { $number } de { $of }
    [some] { $together } dos seus { $of } pacotes
   *[all] todos os { $of } pacotes
  }
the-parcels = { $share ->
    [some] os pacotes
    [all] os pacotes
   *[other] o pacote
  }
capital-parcels = { $share ->
    [whole] Seu pacote
    [one] O pacote { $number } de { $of }
    [some] { $together } dos seus { $of } pacotes
   *[all] Todos os { $of } pacotes
  }
is-or-are = { $share ->
    [some] { $together ->
        [1] está
       *[other] estão
      }
    [all] estão
   *[other] está
  }
arrives = { $share ->
    [some] chegam
    [all] chegam
   *[other] chega
  }
arrive-then = { $when ->
    [none] {""}
   *[other] {" "}e { arrives } { $when }
  }
delivery-then = { $when ->
    [none] {""}
   *[other] , com entrega { $when }
  }
one-parcel = { $share ->
    [whole] Seu pacote
   *[other] O pacote { $number } de { $of }
  }

## A página do pedido

place-title = Seu pedido na { $brand }
place-title-shared = Um pacote da { $brand }
place-preview = Onde está e quando chega.
place-counts = { $done ->
    [one] { $done } de { $of } pacotes já está com você.
   *[other] { $done } de { $of } pacotes já estão com você.
  }
place-estimate = É uma estimativa, pelo tempo que os pacotes levaram ultimamente neste caminho. Ainda pode mudar.
place-news = Última novidade: { $at }
place-local = Todos os horários são os do local de entrega.
place-moment = { $day }, { $time }
place-parcel = Seu pacote
place-parcels = Seus pacotes
place-order = Seu pedido
place-way = O que já aconteceu
place-older = Mostrar eventos anteriores
place-progress = Em que ponto está
place-done = feito:
place-current = agora:
place-todo = ainda por vir:
place-copy = Copiar
place-copied = Copiado
place-copy-number = Copiar o código de rastreio
place-carrier-page = { $carrier ->
    [none] A página da transportadora
   *[other] Acompanhar na página de { $carrier }
  }
place-code-note = Mostre o código, ou este quadrado, no local da retirada.
place-code-square = O código como um quadrado para escanear
place-hours = Horário de funcionamento
place-details = Detalhes do pedido
place-questions = Bom saber
place-care = Algo não está certo?
place-cases = O que você nos pediu
place-calendar = Adicionar à agenda
place-share = Compartilhar
place-share-note = Quem receber este endereço vê só o caminho do pacote: sem nome, endereço, preços nem número do pedido.
place-share-copy = Copiar o endereço
place-phone = No celular
place-phone-note = Aponte a câmera do celular para este quadrado.
place-phone-square = O endereço desta página como um quadrado para escanear
place-keep = Quem tem o endereço desta página pode vê-la: guarde-o só para você ou compartilhe a versão curta.
place-fresh = A página acabou de ser atualizada.
place-print = Imprimir
calendar-title = Pacote da { $brand }
calendar-note = O dia ainda pode mudar. Como está agora: { $link }

now-checked = Estamos revendo o seu pedido
    .lead = Algo no endereço ou no pagamento está sendo verificado. Se precisarmos de algo, perguntamos a você.
now-placed = Recebemos o seu pedido
    .lead = Assim que o pagamento chegar, começamos a preparar tudo.
now-preparing = Estamos preparando o seu pedido
    .lead = O pagamento chegou e já estamos embalando.
    .next = Assim que sair daqui, você vê nesta página onde está.
now-packed = Embalado e pronto para sair
    .lead = Seu pedido está embalado e espera a transportadora.
    .next = Assim que a transportadora retirar, você vê nesta página onde está.
now-coming = { $share ->
    [one] O pacote { $number } de { $of } está a caminho
   *[whole] A caminho de você
  }
    .lead = { carrier-has } { the-parcels }.
    .unknown = { carrier-has } { the-parcels }. Ainda não há um dia; ele aparece aqui primeiro.
    .next = No dia da entrega você vê aqui que saiu para entrega, e o horário, se a transportadora informar.
now-arrives = { $share ->
    [one] O pacote { $number } de { $of } { $sure ->
        [probably] provavelmente chega
        [should] deve chegar
       *[yes] chega
      } { $when }
   *[whole] { $sure ->
        [probably] Provavelmente chega
        [should] Deve chegar
       *[yes] Chega
      } { $when }
  }
now-out = { $share ->
    [one] O pacote { $number } de { $of } chega hoje
   *[whole] Chega hoje
  }{ $hours ->
    [none] {""}
   *[other] {" "}{ $hours }
  }
now-collect = { $share ->
    [one] O pacote { $number } de { $of } está pronto para retirada
   *[whole] Pronto para retirada
  }{ $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
now-late = Mais tarde do que dissemos{ $when ->
    [none] {""}
   *[other] { $sure ->
        [probably] : provavelmente { $when }
       *[yes] : agora previsto para chegar { $when }
      }
  }
now-delivered = { $share ->
    [one] O pacote { $number } de { $of } foi entregue { $when }
   *[whole] Entregue { $when }
  }

state-announced = Em preparação
state-moving = A caminho
state-out_for_delivery = Saiu para entrega
state-attempt_failed = Ainda não entregue
state-waiting = Para retirar
state-delivered = Entregue
state-exception = Parado
state-returning = Voltando para nós
state-returned = Voltou para nós
state-lost = Extraviado

event-placed = Pedido feito
event-paid = Pagamento recebido
event-packed = Embalado
event-shipped = Entregue à transportadora
event-in_transit = A caminho
event-delayed = A transportadora informa um atraso
event-out_for_delivery = Saiu para entrega
event-attempt_failed = Não foi possível entregar
event-available_for_pickup = Pronto para retirada
event-delivered = Entregue
event-exception = Parado
event-returning = Em devolução
event-returned = De volta ao remetente
event-lost = A transportadora encerrou a busca

## Etapas

confirmed =
    .subject = Pedido { $order } confirmado{ delivery-then }
    .title = Obrigado, recebemos o seu pedido
    .lead = { $when ->
        [none] O pagamento chegou e já estamos preparando o seu pedido.
       *[other] O pagamento chegou. Seu pedido deve estar com você { $when }.
      }
    .next = Agora vamos embalar tudo. Quando a transportadora retirar, você recebe um link para acompanhar.
    .button = Ver o pedido
    .sms = pedido { $order } confirmado{ delivery-then }.
    .also = O pagamento chegou e o pedido { $order } está confirmado.

packed =
    .subject = Pedido { $order } embalado{ delivery-then }
    .title = Embalado e pronto para sair
    .lead = { $when ->
        [none] Seu pedido está embalado e espera a transportadora.
       *[other] Seu pedido está embalado e deve estar com você { $when }.
      }
    .next = Quando a transportadora retirar, você recebe um link para acompanhar.
    .button = Ver o pedido
    .sms = pedido { $order } embalado{ delivery-then }.
    .also = Seu pedido está embalado.

shipped =
    .subject = { capital-parcels } { is-or-are } a caminho{ arrive-then }
    .title = { capital-parcels } { is-or-are } a caminho
    .lead = { $when ->
        [none] { carrier-has } { it-or-they }. Ainda não temos o dia da entrega{ $page ->
            [yes] ; a página de rastreio mostra primeiro
           *[no] {""}
          }.
       *[other] { carrier-has } { it-or-they } e deve entregar { $when }.
      }
    .next = Falamos com você de novo no dia da entrega.
    .button = Rastrear o pacote
    .sms = { your-parcel } { is-or-are } a caminho{ $carrier ->
        [none] {""}
       *[other] {" "}com { $carrier }
      }{ arrive-then }.
    .also = { one-parcel } está a caminho{ expected-then }.

arriving_soon =
    .subject = { one-parcel } chega { $when ->
        [none] em breve
       *[other] { $when }
      }
    .title = Falta pouco
    .lead = { $when ->
        [none] O pacote está perto e deve chegar em breve.
       *[other] O pacote deve estar com você { $when }.
      }
    .next = No dia da entrega, quando ele estiver com o entregador, avisamos mais uma vez.
    .button = Rastrear o pacote
    .sms = { your-parcel } deve chegar { $when ->
        [none] em breve
       *[other] { $when }
      }.
    .also = { one-parcel } deve chegar { $when ->
        [none] em breve
       *[other] { $when }
      }.

today-hours = { $hours ->
    [none] hoje
   *[other] hoje, { $hours }
  }
out_for_delivery =
    .subject = { capital-parcels } { arrives } { today-hours }
    .title = Chega hoje
    .lead = { $carrier ->
        [none] A transportadora
       *[other] { $carrier }
      } está com { your-parcel } na rota e deve entregar { today-hours }.
    .next = Se não houver ninguém, o entregador segue as regras da transportadora: vizinho, lugar seguro, ponto de retirada ou nova tentativa. Avisamos onde ficou.
    .button = Acompanhar a entrega
    .sms = { your-parcel } { arrives } { today-hours }{ $carrier ->
        [none] {""}
       *[other] {" "}com { $carrier }
      }.
    .also = { one-parcel } saiu para entrega hoje.

attempt_failed =
    .subject = { $carrier ->
        [none] A transportadora
       *[other] { $carrier }
      } não conseguiu entregar { $share ->
        [whole] seu pacote
       *[other] o pacote { $number } de { $of }
      }
    .title = { $occurrence ->
        [1] Seu pacote não pôde ser entregue
       *[other] Mais uma tentativa de entrega sem sucesso
      }
    .lead = { $when ->
        [none] O entregador esteve no local, mas não pôde deixar o pacote. Ele está seguro com a transportadora.
       *[other] O entregador esteve no local, mas não pôde deixar o pacote. Ele deve tentar de novo { $when }.
      }
    .next = { $when ->
        [none] { $page ->
            [yes] A página de rastreio mostra a próxima tentativa e muitas vezes permite escolher outro dia ou lugar.
           *[no] Em geral a transportadora tenta de novo.
          } Avisamos assim que ele sair de novo.
       *[other] { $page ->
            [yes] Se esse dia não for bom para você, a página de rastreio muitas vezes permite escolher outro dia ou lugar.
           *[no] Se esse dia não for bom para você, fale com a gente: procuramos outro jeito.
          }
      }
    .button = Ver as opções
    .sms = { $carrier ->
        [none] a transportadora
       *[other] { $carrier }
      } não conseguiu entregar { your-parcel }.{ $when ->
        [none] {""}
       *[other] {" "}Próxima tentativa: { $when }.
      }
    .also = { one-parcel } não pôde ser entregue.

ready = { $share ->
    [some] { $together ->
        [1] está pronto para retirada
       *[other] estão prontos para retirada
      }
    [all] estão prontos para retirada
   *[other] está pronto para retirada
  }
until-then = { $until ->
    [none] {""}
   *[other] {" "}{ $until }
  }
code-and-place = { $code ->
    [none] {""}
   *[other] {" "}Código: { $code }.
  }{ $pickup ->
    [none] {""}
   *[other] {" "}{ $pickup }.
  }
available_for_pickup =
    .subject = { capital-parcels } { ready }{ until-then }
    .title = Pronto para retirar
    .lead = { $pickup ->
        [none] { capital-parcels } { ready } no ponto de retirada{ until-then }.
       *[other] { capital-parcels } { ready }{ until-then }. Local: { $pickup }.
      }
    .next = { $until ->
        [none] Retire assim que puder: a transportadora guarda só por alguns dias e depois devolve para nós.
       *[other] Se não for retirado nesse prazo, a transportadora devolve para nós.
      }
    .button = Ver o ponto de retirada
    .sms = { your-parcel } { ready }{ until-then }.{ code-and-place }
    .also = { one-parcel } está pronto para retirada.

pickup_reminder =
    .subject = { $until ->
        [none] Retire o seu pacote, por favor
       *[other] Seu pacote espera só { $until }
      }
    .title = Ele ainda espera por você
    .lead = { $pickup ->
        [none] { one-parcel } está no ponto de retirada{ until-then }.
       *[other] { one-parcel } espera por você{ until-then }. Local: { $pickup }.
      }
    .next = Se não for retirado a tempo, ele volta para nós. Se você não puder ir, fale com a gente agora: procuramos um jeito.
    .button = Ver o ponto de retirada
    .sms = { your-parcel } ainda espera por você{ $until ->
        [none] {""}
       *[other] , só { $until }
      }.{ code-and-place }
    .also = { one-parcel } ainda espera pela retirada.

handed-to = { $by ->
    [recipient] {" "}em mãos
    [neighbour] {" "}a um vizinho
    [safe_place] {" "}em um lugar seguro
    [locker] {" "}em um armário de encomendas
    [pickup_point] {" "}no ponto de retirada
   *[none] {""}
  }
was-delivered = { $share ->
    [some] { $together ->
        [1] foi entregue
       *[other] foram entregues
      }
    [all] foram entregues
   *[other] foi entregue
  }
delivered =
    .subject = { capital-parcels } { was-delivered }{ $by ->
        [recipient] {""}
       *[other] { handed-to }
      }
    .title = { $share ->
        [some] Entregues
        [all] Entregues
       *[other] Entregue
      }
    .lead = { $by ->
        [recipient] A transportadora entregou { the-parcels } em mãos.
        [neighbour] A transportadora deixou { the-parcels } com um vizinho.
        [safe_place] A transportadora deixou { the-parcels } em um lugar seguro no seu endereço.
        [locker] A transportadora colocou { the-parcels } em um armário de encomendas para você.
        [pickup_point] { $share ->
            [some] Os pacotes foram retirados no ponto de retirada.
            [all] Os pacotes foram retirados no ponto de retirada.
           *[other] O pacote foi retirado no ponto de retirada.
          }
       *[none] Segundo a transportadora, a entrega já está com você.
      }
    .next = Não está aí, ou algo não está certo? Avise nos próximos dias e nós resolvemos.
    .button = Ver o pedido
    .sms = { your-parcel } { was-delivered }{ handed-to }.
    .also = { one-parcel } foi entregue{ handed-to }.

order_complete =
    .subject = Pedido { $order } completo: { $of ->
        [1] seu pacote foi entregue
       *[other] todos os { $of } pacotes foram entregues
      }
    .title = Está tudo com você
    .lead = { $by ->
        [neighbour] O último pacote ficou com um vizinho. O pedido { $order } está completo.
        [safe_place] O último pacote ficou em um lugar seguro no seu endereço. O pedido { $order } está completo.
        [locker] O último pacote está em um armário de encomendas para você. O pedido { $order } está completo.
       *[other] O último pacote foi entregue. O pedido { $order } está completo.
      }
    .next = Falta algo, ou algo não está certo? Avise nos próximos dias e nós resolvemos.
    .button = Ver o pedido
    .sms = pedido { $order } completo: todos os pacotes foram entregues.
    .also = O pedido { $order } está completo.

new-day = { $when ->
    [none] {""}
   *[other] , deve chegar { $when }
  }
delay_expected =
    .subject = { $missed ->
        [yes] O pedido { $order } está atrasado{ new-day }
        [likely] O pedido { $order } provavelmente vai atrasar{ new-day }
       *[no] O pedido { $order } vai atrasar{ new-day }
      }
    .title = { $missed ->
        [yes] Seu pedido está atrasado
        [likely] Seu pedido provavelmente vai atrasar
       *[no] Seu pedido vai atrasar
      }
    .lead = { $when ->
        [none] { $was ->
            [none] Vai demorar mais do que dissemos, e ainda não temos uma nova data. Pedimos desculpas.
           *[other] Esperávamos entregar { $was }. Ainda não temos uma nova data. Pedimos desculpas.
          }
       *[other] { $was ->
            [none] Agora esperamos a entrega { $when }. Pedimos desculpas pela demora.
           *[other] Esperávamos entregar { $was }; agora deve chegar { $when }. Pedimos desculpas pela demora.
          }
      }
    .know = { $place ->
        [none] { $when ->
            [none] O pacote não está andando como planejado.
           *[other] { $source ->
                [lane] A nova data vem do tempo que os pacotes levaram nesse caminho ultimamente e ainda pode mudar.
               *[carrier] A nova data vem do que a transportadora informa hoje e ainda pode mudar.
              }
          }
       *[other] O pacote foi visto por último em { $place }.{ $when ->
            [none] {""}
           *[other] {" "}A nova data ainda pode mudar.
          }
      }
    .do = Acompanhamos todos os dias e escrevemos assim que houver novidade.
    .you = Você não precisa fazer nada. Se não puder esperar, fale com a gente e achamos outra saída.
    .button = Ver onde está
    .sms = desculpe, o pedido { $order } { $missed ->
        [yes] está atrasado
        [likely] provavelmente vai atrasar
       *[no] vai atrasar
      }{ $when ->
        [none] . Ainda não temos uma nova data
       *[other] , deve chegar { $when }
      }.
    .also = Seu pedido vai chegar depois do que dissemos.

delay_again =
    .subject = O pedido { $order } atrasou de novo{ new-day }
    .title = Mais um atraso
    .lead = { $when ->
        [none] A data que demos não vai ser cumprida, e ainda não temos outra. Pedimos desculpas.
       *[other] A data que demos não vai ser cumprida. Agora esperamos a entrega { $when }. Pedimos desculpas.
      }
    .know = { $place ->
        [none] O pacote não está andando como planejado.
       *[other] O pacote foi visto por último em { $place }.
      }
    .do = Estamos de olho neste pacote e escrevemos assim que houver novidade.
    .you = Se preferir não esperar, fale com a gente: procuramos o jeito mais rápido de resolver.
    .button = Ver onde está
    .sms = desculpe, o pedido { $order } atrasou de novo{ $when ->
        [none] . Ainda não temos uma nova data
       *[other] , deve chegar { $when }
      }.
    .also = Seu pedido atrasou de novo.

back_on_time =
    .subject = { $when ->
        [none] O pedido { $order } voltou ao prazo
       *[other] De volta ao prazo: o pedido { $order } chega { $when }
      }
    .title = De volta ao prazo
    .lead = { $when ->
        [none] Avisamos sobre um atraso. Ele foi recuperado: seu pedido deve chegar como prometido no início.
       *[other] Avisamos sobre um atraso. Ele foi recuperado: agora esperamos que seu pedido chegue { $when }.
      }
    .do = Acompanhamos até ele estar com você.
    .button = Ver onde está
    .sms = o pedido { $order } voltou ao prazo{ arriving }.
    .also = Seu pedido voltou ao prazo.

exception =
    .subject = { $reason ->
        [address_wrong] Confira o endereço do seu pacote
        [address_moved] Confira o endereço do seu pacote
        [customs_hold] A alfândega está com o seu pacote
        [customs_documents] A alfândega precisa de documentos do seu pacote
        [customs_duties] A alfândega pede um pagamento pelo seu pacote
        [payment_due] Falta um pagamento para o seu pacote
        [carrier_damaged] Seu pacote foi danificado no caminho
       *[other] Seu pacote está parado: veja, por favor
      }
    .title = { $reason ->
        [address_wrong] Precisamos do endereço certo
        [address_moved] Precisamos do endereço certo
        [customs_hold] A alfândega está verificando o pacote
        [customs_documents] A alfândega precisa de documentos
        [customs_duties] A alfândega pede um pagamento
        [payment_due] Falta um pagamento
        [carrier_damaged] Seu pacote foi danificado
       *[other] Seu pacote está parado
      }
    .lead = { $reason ->
        [address_wrong] A transportadora não encontra o seu endereço. Com o endereço certo, o pacote segue viagem.
        [address_moved] A transportadora acha que o endereço mudou. Com o endereço certo, o pacote segue viagem.
        [customs_hold] O pacote espera na alfândega. Às vezes pedem algo mais; muitas vezes ele segue sozinho.
        [customs_documents] O pacote espera na alfândega até chegarem os documentos que faltam.
        [customs_duties] O pacote espera na alfândega até o pagamento das taxas ou impostos.
        [payment_due] O pacote espera até o pagamento ser feito.
        [carrier_damaged] A transportadora informou um dano. Pedimos desculpas e queremos resolver.
       *[other] O pacote não pode seguir no momento.
      }
    .know = { $place ->
        [none] Ele está com a transportadora e espera lá.
       *[other] Ele está em { $place } e espera lá.
      }
    .do = Acompanhamos todos os dias e escrevemos assim que ele seguir.
    .you = { $reason ->
        [address_wrong] Envie o endereço completo, com número, complemento e um telefone para o entregador.
        [address_moved] Envie o novo endereço, ou confirme que o antigo está certo.
        [customs_documents] Envie os documentos que a alfândega pediu, ou fale com a gente: temos a nota fiscal.
        [customs_duties] Pague na página da transportadora, ou fale com a gente se o valor parecer errado.
        [payment_due] Pague na página da transportadora, ou fale com a gente se já pagou.
        [carrier_damaged] Diga o que prefere: um novo envio ou o dinheiro de volta.
       *[other] { $page ->
            [yes] Veja a página de rastreio, ou fale com a gente: ajudamos a resolver.
           *[no] Fale com a gente: ajudamos a resolver.
          }
      }
    .button = Ver o que falta
    .sms = { $reason ->
        [address_wrong] a transportadora não encontra o seu endereço. Envie o endereço certo, por favor.
        [address_moved] a transportadora acha que o endereço mudou. Confirme, por favor.
        [customs_documents] a alfândega precisa de documentos do seu pacote.
        [customs_duties] a alfândega pede um pagamento pelo seu pacote.
        [payment_due] falta um pagamento para o seu pacote.
        [carrier_damaged] seu pacote foi danificado no caminho. Diga como podemos resolver.
       *[other] { your-parcel } está parado. Veja, por favor.
      }
    .also = { one-parcel } está parado.

correction =
    .subject = { $what ->
        [number] { one-parcel } tem um novo código de rastreio
        [not_delivered] Correção: { your-parcel } ainda não foi entregue
       *[day] { $when ->
            [none] Correção: a data que demos não está certa
           *[other] Correção: a entrega deve ser { $when }
          }
      }
    .title = { $what ->
        [number] Um novo código de rastreio
        [not_delivered] Na verdade, ainda não foi entregue
       *[day] Demos a data errada
      }
    .lead = { $what ->
        [number] { $tracking ->
            [none] O código { $said }, que enviamos, não vale mais. O novo vem assim que o tivermos.
           *[other] Use { $tracking } a partir de agora. O código { $said }, que enviamos antes, não vale mais.
          }
        [not_delivered] Escrevemos que o pacote tinha sido entregue. Um registro mais novo da transportadora mostra que ele ainda está a caminho. Desculpe a confusão.
       *[day] { $when ->
            [none] A data que demos foi { $was }. Ela não está certa, e ainda não temos a correta. Pedimos desculpas.
           *[other] A data que demos foi { $was }. O certo é: esperamos a entrega { $when }. Desculpe o engano.
          }
      }
    .do = { $what ->
        [number] O pacote é o mesmo; só o código mudou.
        [not_delivered] Acompanhamos o pacote e escrevemos quando ele estiver mesmo com você.
       *[day] Acompanhamos o pacote e escrevemos se algo mudar.
      }
    .you = { $what ->
        [not_delivered] Se ele já estiver com você, está tudo certo e não é preciso fazer nada.
       *[other] Você não precisa fazer nada.
      }
    .button = Rastrear o pacote
    .sms = { $what ->
        [number] { $tracking ->
            [none] o código de rastreio que enviamos não vale mais. O novo vem em seguida.
           *[other] seu pacote tem um novo código de rastreio: { $tracking }.
          }
        [not_delivered] correção: { your-parcel } ainda não foi entregue.
       *[day] { $when ->
            [none] correção: a data que demos não está certa.
           *[other] correção: a entrega deve ser { $when }.
          }
      }
    .also = { $what ->
        [number] O código de rastreio mudou.
        [not_delivered] Um pacote que demos como entregue ainda está a caminho.
       *[day] A data prevista mudou.
      }

returning =
    .subject = { one-parcel } está voltando para nós
    .title = Voltando para nós
    .lead = A transportadora não pôde entregar o pacote e está devolvendo para nós.
    .know = { $place ->
        [none] A volta costuma levar o mesmo tempo que a ida.
       *[other] Ele foi visto por último em { $place }. A volta costuma levar o mesmo tempo que a ida.
      }
    .do = Escrevemos de novo quando ele chegar aqui.
    .you = { $role ->
        [recipient] Se você ainda quiser recebê-lo, fale com a gente: procuramos um jeito de enviar de novo.
       *[customer] Diga o que prefere: um novo envio ou o dinheiro de volta.
      }
    .button = Ver o pedido
    .sms = { your-parcel } não pôde ser entregue e está voltando para nós. Diga como prefere seguir.
    .also = { one-parcel } está voltando para nós.

returned =
    .subject = { one-parcel } voltou para nós
    .title = De volta com a gente
    .lead = O pacote que não pôde ser entregue chegou de volta aqui.
    .do = Guardamos para você até termos notícias suas.
    .you = { $role ->
        [recipient] Se você ainda quiser recebê-lo, diga para onde enviar.
       *[customer] Diga o que prefere: um novo envio ou o dinheiro de volta.
      }
    .button = Ver o pedido
    .sms = { your-parcel } voltou para nós. Diga como prefere seguir.
    .also = { one-parcel } voltou para nós.

lost =
    .subject = { one-parcel } foi extraviado, e nós vamos resolver
    .title = Seu pacote foi extraviado
    .lead = A transportadora encerrou a busca sem encontrar o pacote. Pedimos desculpas; o prejuízo não é seu.
    .know = { $place ->
        [none] Não há sinal dele desde o último registro.
       *[other] Ele foi visto por último em { $place }.
      }
    .do = Acertamos isso com a transportadora. Você não precisa esperar.
    .you = { $role ->
        [recipient] Diga se quer que enviemos de novo.
       *[customer] Diga o que prefere: o mesmo de novo ou o dinheiro de volta.
      }
    .button = Ver o pedido
    .sms = desculpe, { your-parcel } foi extraviado. { $role ->
        [recipient] Diga se quer que enviemos de novo.
       *[customer] Diga o que prefere: o mesmo de novo ou o dinheiro de volta.
      }
    .also = { one-parcel } foi extraviado.

cancelled =
    .subject = { $whole ->
        [yes] O pedido { $order } foi cancelado
       *[no] Parte do pedido { $order } foi cancelada
      }
    .title = { $whole ->
        [yes] Seu pedido foi cancelado
       *[no] Parte do seu pedido foi cancelada
      }
    .lead = { $whole ->
        [yes] Nada dele será entregue.
       *[no] Os itens abaixo não serão entregues. Todo o resto fica como pedido.
      }
    .do = { $role ->
        [recipient] Quem fez o pedido pode contar mais a você.
       *[customer] O que você pagou volta pelo mesmo meio de pagamento.
      }
    .you = Se você não esperava por isso, fale com a gente e nós verificamos.
    .button = Ver o pedido
    .sms = { $whole ->
        [yes] o pedido { $order } foi cancelado.
       *[no] parte do pedido { $order } foi cancelada.
      }
    .also = { $whole ->
        [yes] Seu pedido foi cancelado.
       *[no] Parte do seu pedido foi cancelada.
      }

return_requested =
    .subject = Recebemos a sua solicitação de devolução, pedido { $order }
    .title = Sua solicitação chegou até nós
    .lead = { $wish ->
        [refund] Você quer devolver algo e receber o dinheiro de volta. Já anotamos.
        [exchange] Você quer devolver algo e fazer uma troca. Já anotamos.
        [repair] Você quer enviar algo para conserto. Já anotamos.
       *[none] Você quer devolver algo. Já anotamos.
      }
    .do = { $decided ->
        [none] { $here ->
            [yes] Analisamos cada solicitação. A decisão aparece na página do seu pedido.
           *[no] Analisamos cada solicitação.
          }
       *[other] { $here ->
            [yes] Decidimos no máximo até { $decided }. A decisão aparece na página do seu pedido.
           *[no] Decidimos no máximo até { $decided }.
          }
      }
    .you = Não envie nada de volta antes de conhecer a nossa decisão. Se esta solicitação não foi feita por você, avise a gente.
    .button = Ver a solicitação
    .sms = recebemos a sua solicitação de devolução, pedido { $order }{ $decided ->
        [none] {""}
       *[other] {" "}e decidimos até { $decided }
      }. Não envie nada antes da decisão.
    .also = Recebemos a sua solicitação de devolução, pedido { $order }.

feedback =
    .subject = Como foi o seu pedido { $order }?
    .title = Deu tudo certo?
    .lead = Conte em um minuto o que foi bom e o que devemos melhorar.
    .button = Avaliar o pedido
    .sms = como foi o pedido { $order }? Conte em um minuto.
    .also = Conte como foi o seu pedido.

## As páginas em que os clientes respondem

rating-scale = Qual é a sua satisfação? Escolha um número.
care-back = Voltar ao seu pedido
care-again-soon = Foi muito rápido. Toque no botão mais uma vez, para sabermos que foi você.
care-again-old = Esta página ficou aberta por muito tempo. Toque no botão mais uma vez.
care-too-many-forms = Foi muita coisa de uma vez. Espere um minuto e tente de novo.
care-not-taken = Não foi possível enviar. Abra de novo o link do nosso e-mail.
care-words = Quer acrescentar algo? (opcional)
care-words-hint = Não escreva nada que ninguém deva ler, como o número do cartão.

rating-title = Como foi o seu pedido?
rating-lead = Leva um minuto. Responda o que quiser e deixe o resto em branco.
rating-csat = Qual é a sua satisfação com este pedido?
rating-csat-1 = Muito ruim
rating-csat-2 = Ruim
rating-csat-3 = Nem bom nem ruim
rating-csat-4 = Bom
rating-csat-5 = Muito bom
rating-nps = Qual é a chance de você recomendar { $brand } a um amigo?
rating-nps-low = Nenhuma
rating-nps-high = Muito grande
rating-ces = Foi fácil receber o que você pediu?
rating-ces-low = Muito difícil
rating-ces-high = Muito fácil
rating-send = Enviar respostas
rating-none = Escolha pelo menos um número e depois envie.
rating-given = Você já avaliou este pedido. As novas respostas tomam o lugar das anteriores.
rating-not-yet = Você poderá avaliar este pedido assim que um pacote dele for entregue.
rating-thanks-title = Obrigado
rating-thanks = Suas respostas chegaram a { $brand }.
rating-thanks-case = Sentimos muito que não tenha dado certo. Por causa das suas respostas, abrimos um atendimento para você. Alguém vai ler e responder até { $by }. A resposta aparece no atendimento.
rating-case-link = Ver o atendimento
rating-change = Mudar as respostas

problem-title = Algo deu errado?
problem-lead = Conte o que aconteceu. Respondemos aqui, nesta página.
problem-sort = O que aconteceu?
problem-sort-not_arrived = Não chegou
problem-sort-damaged = Chegou danificado
problem-sort-wrong_item = Não é o que eu pedi
problem-sort-missing_item = Está faltando algo
problem-sort-other = Outra coisa
problem-sort-low_score = Sua avaliação
problem-words = Conte mais com as suas palavras
problem-photos = Fotos (opcional, até 3)
problem-photos-hint = JPEG, PNG ou WebP, até 10 MB cada uma. Removemos da foto onde e quando ela foi tirada.
problem-send = Enviar
problem-none = Escolha o que aconteceu e depois envie.
problem-photo-type = Um dos arquivos não é uma foto que possamos ler. Envie JPEG, PNG ou WebP.
problem-photo-size = Uma das fotos é grande demais. Envie fotos de até 10 MB.
problem-photo-count = Envie até 3 fotos.
problem-busy = Muita gente está enviando fotos agora. Tente de novo em um minuto.
problem-too-many = Você já nos escreveu muitas vezes sobre este pedido. Estamos cuidando disso; escreva em um dos atendimentos abaixo.
problem-sent = Obrigado, recebemos. Alguém responde até { $by }, aqui nesta página.
case-list = O que você nos contou
case-state-open = Esperando a nossa resposta
case-state-answered = Respondido
case-state-solved = Resolvido
case-by = Respondemos até { $by }.
case-late = Queríamos responder até { $by } e estamos atrasados. Pedimos desculpas; não esquecemos.
case-solve-by = Queremos resolver até { $by }.
case-solved-at = Resolvido em { $by }.
case-you = Você
case-shop = { $brand }
case-photos = Fotos: { $count }
case-say = Escreva para nós sobre isso
case-say-send = Enviar mensagem
case-say-none = Escreva algo primeiro e depois envie.
case-reopen = Não ficou resolvido? Escreva, e olhamos de novo.

return-title = Devolver algo
return-lead = Conte o que volta, por quê e o que você deseja.
return-items = O que volta?
return-qty = Quantidade de { $item }
return-item-unnamed = Um item deste pedido
return-why = Por quê?
return-why-does_not_fit = Não serve
return-why-not_as_described = Não é como descrito
return-why-faulty = Tem defeito
return-why-wrong_item = É o item errado
return-why-too_late = Chegou tarde demais
return-why-changed_mind = Mudei de ideia
return-why-other = Outro motivo
return-wish = O que você deseja?
return-wish-refund = Meu dinheiro de volta
return-wish-exchange = Uma troca
return-wish-repair = Um conserto
return-send = Enviar pedido de devolução
return-none = Escolha pelo menos um item, um motivo e o que você deseja, e depois envie.
return-not-possible = Nada deste pedido pode ser devolvido aqui: ainda não foi entregue, ou o prazo de devolução terminou.
return-again = Anotamos o seu pedido, mas não conseguimos concluir. Toque no botão mais uma vez daqui a um minuto.
return-too-many = Você já enviou muitos pedidos de devolução. Estamos cuidando deles.
return-sent = Obrigado, { $brand } recebeu o seu pedido e decide até { $by }. A decisão aparece nesta página. Não envie nada antes disso.
return-list = Seus pedidos de devolução
return-waiting = Esperando uma decisão, prevista até { $by }
return-late = Queríamos decidir até { $by } e estamos atrasados. Pedimos desculpas.
return-approved = Aprovado
return-declined = Recusado
return-decided-at = Decidido em { $by }.

care-rate = Avaliar o pedido
care-rate-note = Um minuto, no máximo três perguntas.
care-problem = Algo deu errado
care-problem-note = Não chegou, está danificado, falta algo: conte, e respondemos.
care-return = Devolver algo
care-return-note = Peça o dinheiro de volta, uma troca ou um conserto.
care-case = Sua mensagem: { $item }
care-return-case = Seu pedido de devolução

## A página de preferências: sobre o que e como escrevemos

wishes-title = Suas mensagens da { $brand }
wishes-lead = Escolha sobre o que escrevemos e por onde. Nada muda antes de você apertar um botão.
wishes-what = O quê
wishes-email = E-mail
wishes-sms = SMS
wishes-necessary = Necessárias para o seu pedido
wishes-necessary-hint = Confirmação, cancelamento, problemas que você pode resolver, códigos de retirada, devoluções que você pede. Por e-mail elas sempre chegam: fazem parte do nosso contrato.
wishes-progress = A caminho
wishes-progress-hint = Enviado, saiu para entrega, entregue.
wishes-delay = Atrasos
wishes-delay-hint = Quando vai chegar depois do prometido.
wishes-feedback = Perguntas
wishes-feedback-hint = Como foi, no máximo uma vez por mês.
wishes-content = Dicas e ofertas
wishes-content-hint = Ao lado das notícias nos nossos e-mails; nunca em um e-mail separado.
wishes-always = sempre
wishes-language = Idioma
wishes-save = Salvar
wishes-saved = Salvo. Vale a partir da próxima mensagem.
wishes-number-title = Seu número de celular
wishes-number-lead = Enviamos SMS para o número do seu pedido. Aqui você pode informar outro; primeiro enviamos um código para ele, para que ninguém mais receba suas mensagens.
wishes-number-now = Os SMS vão para o número que termina em { $end }.
wishes-number-label = Número de celular com código do país
wishes-number-example = Por exemplo, { $example }
wishes-number-send = Enviar um código
wishes-number-remove = Esquecer este número
wishes-number-bad = Isso não parece um número com código do país. Confira, por favor.
wishes-number-removed = Esquecemos o número. Os SMS voltam a ir para o número do seu pedido.
wishes-number-confirmed = Obrigado. A partir de agora, os SMS vão para o número que termina em { $end }.
wishes-code-sent = Enviamos um código de seis dígitos para o número que termina em { $end }. Ele vale por { $minutes } minutos.
wishes-code-label = Código
wishes-code-confirm = Confirmar
wishes-code-wrong = Esse não é o código que enviamos. Confira, por favor.
wishes-code-over = Esse código não vale mais. Peça um novo.
wishes-code-many = Já enviamos códigos suficientes por hoje. Tente de novo amanhã.
wishes-code-failed = Não conseguimos enviar o código agora. Tente de novo daqui a pouco.
wishes-code-text = { $brand }: seu código é { $code }. Vale por { $minutes } minutos. Não passe para ninguém.
wishes-stop-title = Só o necessário
wishes-stop-lead = Com um clique, escrevemos apenas o que é preciso para os seus pedidos.
wishes-stop = Só o necessário
wishes-stopped = Pronto. A partir de agora escrevemos apenas o que é preciso para os seus pedidos.
wishes-again = Aperte mais uma vez, por favor: foi mais rápido do que a mão consegue, e programas que leem e-mails também apertam botões.
wishes-later = Não foi possível salvar agora. Tente de novo daqui a pouco.
