// The mails of the demo desk: a small hotel, in the languages and charsets that its guests write in.
export interface DemoMail {
  id: string
  inbox: 'reception' | 'bookings'
  from: readonly [name: string, address: string]
  subject: string
  text: string
  charset?: string
  html?: string
  /** The id of the mail that this one answers. */
  answers?: string
  attachment?: { filename: string; contentType: string; text: string }
  headers?: Record<string, string>
}

const ann = ['Ann Harper', 'ann.harper@guest.example'] as const
const juergen = ['Jürgen Groß', 'j.gross@gast.example'] as const
const marie = ['Marie Lefèvre', 'marie@voyage.example'] as const
const yuki = ['山田 由紀', 'yuki@tabi.example'] as const

export const demoMails: readonly DemoMail[] = [
  {
    id: 'late',
    inbox: 'reception',
    from: ann,
    subject: 'Arriving late tonight',
    text: 'Good afternoon,\n\nour train is delayed and we will be there at eleven.\nIs somebody at the desk at that hour?\n\nKind regards\nAnn Harper',
  },
  {
    id: 'late-2',
    inbox: 'reception',
    from: ann,
    answers: 'late',
    subject: 'Re: Arriving late tonight',
    text: 'It is getting later still: half past eleven, I am afraid.\n\nOn Tuesday, Ann Harper wrote:\n> our train is delayed and we will be there at eleven.\n> Is somebody at the desk at that hour?',
  },
  {
    id: 'shower',
    inbox: 'reception',
    from: juergen,
    charset: 'iso-8859-1',
    subject: 'Dusche in Zimmer 12 bleibt kalt',
    text: 'Guten Morgen,\n\ndie Dusche in Zimmer 12 wird nicht warm, auch nicht nach fünf Minuten.\nKönnte heute jemand danach sehen?\n\nMit freundlichen Grüßen\nJürgen Groß',
  },
  {
    id: 'shower-2',
    inbox: 'reception',
    from: juergen,
    charset: 'windows-1252',
    answers: 'shower',
    subject: 'AW: Dusche in Zimmer 12 bleibt kalt',
    text: 'Vielen Dank – jetzt läuft sie. Übrigens klemmt auch das Fenster.',
  },
  {
    id: 'lost',
    inbox: 'reception',
    from: marie,
    charset: 'iso-8859-15',
    subject: 'Écharpe oubliée dans la chambre 7',
    text: 'Bonjour,\n\nj’ai oublié une écharpe bleue dans la chambre 7.\nPouvez-vous me l’envoyer ? Je paie les frais, bien sûr (20 €).\n\nMerci beaucoup,\nMarie Lefèvre'.replaceAll(
      '’',
      "'",
    ),
  },
  {
    id: 'noise',
    inbox: 'reception',
    from: ['Luca Bianchi', 'luca.b@ospite.example'],
    subject: 'Rumore dal bar fino alle due',
    text: 'Buongiorno, questa notte il bar ha fatto rumore fino alle due. È possibile cambiare camera?',
    html: '<p>Buongiorno,</p><p>questa notte il bar ha fatto rumore <b>fino alle due</b>. È possibile cambiare camera?</p>',
  },
  {
    id: 'taxi',
    inbox: 'reception',
    from: yuki,
    charset: 'shift_jis',
    subject: '明日の朝のタクシー',
    text: 'こんにちは。\n明日の朝六時に空港までのタクシーをお願いできますか。\n\n山田',
  },
  {
    id: 'diet',
    inbox: 'reception',
    from: ['Ольга Петрова', 'olga@gost.example'],
    charset: 'koi8-r',
    subject: 'Завтрак без глютена',
    text: 'Здравствуйте!\n\nМы приезжаем в пятницу. Есть ли у вас завтрак без глютена?\n\nС уважением,\nОльга Петрова',
  },
  {
    id: 'praise',
    inbox: 'reception',
    from: ['Sofía Núñez', 'sofia@viaje.example'],
    subject: '¡Gracias por todo!',
    text: 'La estancia fue perfecta y el personal de recepción, encantador. ¡Volveremos!',
  },
  {
    id: 'away',
    inbox: 'reception',
    from: ann,
    answers: 'late',
    subject: 'Automatic reply: Arriving late tonight',
    text: 'I am travelling and read my mail in the evening.',
    headers: { 'Auto-Submitted': 'auto-replied' },
  },
  {
    id: 'parking',
    inbox: 'reception',
    from: ['Piet de Vries', 'piet@reiziger.example'],
    subject: 'Parkeerplaats voor een bus',
    text: 'Hallo, is er bij het hotel plaats voor een kleine bus van zeven meter?',
  },
  {
    id: 'book-family',
    inbox: 'bookings',
    from: ['Tomáš Novák', 'tomas@host.example'],
    charset: 'windows-1250',
    subject: 'Rodinný pokoj v červenci',
    text: 'Dobrý den,\n\nmáte volný rodinný pokoj od 12. do 19. července pro dva dospělé a dvě děti?\n\nDěkuji\nTomáš Novák',
  },
  {
    id: 'book-family-2',
    inbox: 'bookings',
    from: ['Tomáš Novák', 'tomas@host.example'],
    charset: 'windows-1250',
    answers: 'book-family',
    subject: 'Re: Rodinný pokoj v červenci',
    text: 'Ještě prosím dětskou postýlku.',
  },
  {
    id: 'book-group',
    inbox: 'bookings',
    from: ['Grace Okafor', 'grace@choir.example'],
    subject: 'Choir of 24, two nights in May',
    text: 'Dear team,\n\nplease find our list of singers attached. We need twelve double rooms from 8 to 10 May.\n\n-- \nGrace Okafor\nSt Mary’s Choir',
    attachment: {
      filename: 'singers.csv',
      contentType: 'text/csv',
      text: 'name;voice\nAda;alto\nBen;bass\n',
    },
  },
  {
    id: 'cancel',
    inbox: 'bookings',
    from: ['陈伟', 'chen.wei@luke.example'],
    charset: 'gb18030',
    subject: '取消预订',
    text: '您好，因为航班取消，我想取消三月二十日的预订。请告诉我是否需要付费。谢谢。',
  },
  {
    id: 'invoice',
    inbox: 'bookings',
    from: ['Kovács Éva', 'eva@vendeg.example'],
    charset: 'iso-8859-2',
    subject: 'Számla a cég nevére',
    text: 'Jó napot!\n\nKérem, hogy a számlát a cég nevére állítsák ki.\n\nKöszönettel\nKovács Éva',
  },
  {
    id: 'change',
    inbox: 'bookings',
    from: juergen,
    subject: 'Buchung um eine Nacht verlängern',
    text: 'Können wir unsere Buchung um eine Nacht bis zum 9. verlängern?',
    html: '<div>Können wir unsere Buchung um <i>eine Nacht</i> bis zum 9. verlängern?</div><img src="https://tracker.example/open.gif">',
  },
  {
    id: 'arabic',
    inbox: 'bookings',
    from: ['ليلى حداد', 'layla@dayf.example'],
    charset: 'windows-1256',
    subject: 'غرفة مطلة على البحر',
    text: 'مرحبا، هل لديكم غرفة مطلة على البحر في نيسان؟',
  },
  {
    id: 'korean',
    inbox: 'bookings',
    from: ['김민준', 'minjun@yeohaeng.example'],
    charset: 'euc-kr',
    subject: '조식 포함 요금 문의',
    text: '안녕하세요. 조식이 포함된 요금을 알고 싶습니다.',
  },
  {
    id: 'newsletter',
    inbox: 'bookings',
    from: ['Travel Fair', 'news@fair.example'],
    subject: 'Exhibitors of the spring travel fair',
    text: 'This month: forty exhibitors, three halls, one registration form.',
    headers: {
      'List-Id': '<news.fair.example>',
      'List-Unsubscribe': '<https://fair.example/leave>',
      Precedence: 'bulk',
    },
  },
]
