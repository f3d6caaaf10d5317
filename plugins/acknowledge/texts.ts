// The texts that come with the plugin. They repeat nothing that the sender wrote: whoever forges a sender would
// have the desk carry his words to a stranger.

export interface Text {
  subject: string
  text: string
}

const text = (subject: string, ...paragraphs: string[]): Text => ({
  subject,
  text: [...paragraphs, '{{desk}}'].join('\n\n'),
})

export const defaultTexts: Record<string, Text> = {
  en: text(
    'We have received your message',
    'Hello,',
    'thank you for your message. It reached us under the number {{ticket.number}}, and we will answer as soon as we can. To add something, just reply to this mail.',
    'This answer was written automatically.',
  ),
  de: text(
    'Wir haben Ihre Nachricht erhalten',
    'Guten Tag,',
    'vielen Dank für Ihre Nachricht. Sie hat bei uns die Nummer {{ticket.number}}, und wir antworten so bald wie möglich. Wenn Sie etwas ergänzen möchten, antworten Sie einfach auf diese E-Mail.',
    'Diese Antwort wurde automatisch erstellt.',
  ),
  fr: text(
    'Nous avons bien reçu votre message',
    'Bonjour,',
    'merci pour votre message. Il porte chez nous le numéro {{ticket.number}} et nous vous répondrons dès que possible. Pour ajouter une précision, répondez simplement à ce courriel.',
    'Cette réponse a été rédigée automatiquement.',
  ),
  es: text(
    'Hemos recibido su mensaje',
    'Hola:',
    'Gracias por su mensaje. Lo hemos registrado con el número {{ticket.number}} y le responderemos lo antes posible. Si quiere añadir algo, responda a este correo.',
    'Esta respuesta se ha escrito automáticamente.',
  ),
  it: text(
    'Abbiamo ricevuto il suo messaggio',
    'Buongiorno,',
    'grazie per il suo messaggio. Lo abbiamo registrato con il numero {{ticket.number}} e le risponderemo appena possibile. Per aggiungere qualcosa, basta rispondere a questa e-mail.',
    'Questa risposta è stata scritta automaticamente.',
  ),
  nl: text(
    'Wij hebben uw bericht ontvangen',
    'Goedendag,',
    'bedankt voor uw bericht. Het heeft bij ons het nummer {{ticket.number}} en wij antwoorden zo snel mogelijk. Wilt u iets toevoegen, beantwoord dan gewoon deze e-mail.',
    'Dit antwoord is automatisch geschreven.',
  ),
  pt: text(
    'Recebemos a sua mensagem',
    'Olá,',
    'obrigado pela sua mensagem. Ficou registada com o número {{ticket.number}} e responderemos assim que possível. Para acrescentar algo, basta responder a este e-mail.',
    'Esta resposta foi escrita automaticamente.',
  ),
}
