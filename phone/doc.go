// Package phone reads telephone numbers as people and telephone systems write
// them: text to Number and Line.
//
// A Number is E.164 as it was read. A Line is its identity: spellings that
// reach the same line have one. It folds what E.164 keeps apart (Mexico's +52
// 1, Argentina's +54 9, Brazil's ninth digit, Italy's zero, renumberings) by a
// table of rules, each with its source and date; see Rule. A book keys its
// contacts by Line, shows the Number, and keeps the text that came.
//
//	r, err := phone.ParseNational("+91", "9876543210", nil)
//	r, err := phone.Parse("020 7946 0018", &phone.Site{Region: "GB"})
//
// # Reading and refusing
//
// Parse says how it read a text, because readings differ in trust: a calling
// code that was given (Reading.CountryGiven) makes a key that may be stored; a
// country that was inferred from the Site makes a guess for look-up. Some texts
// can be read in several ways, and only the book knows which one is meant:
// "442079460018" at a German site is a German number and a British one without
// its plus. Such a Reading carries Alternates.
//
// What names nobody is refused with an *Error, by reason: blank, anonymous,
// short (emergency, service and internal numbers), multiple (two numbers in
// one text), lossy (a spreadsheet dropped digits), no country, invalid.
//
// A number that the metadata does not know may still be one, as new ranges come
// late. With an assigned calling code and 7 to 15 digits it is read with
// Reading.Valid false.
//
// # Metadata
//
// The numbering plans come from the metadata of libphonenumber in
// github.com/nyaruka/phonenumbers/v2, compiled by "go generate" into tables of
// about 100 KB; programs that use this package link nothing of that
// library. Nothing runs and nothing is allocated at start-up. Plain digits are
// read as the library reads them: the same validity, type and E.164, which
// tests compare over every region and type and over millions of random inputs.
//
// # Where it differs from phonenumbers
//
// Deliberately, and by these names in the tests:
//
//   - cleaning: invisible characters vanish wherever they stand, every kind of
//     space, dash, dot and plus sign counts, other symbols are spaces. Digits
//     of all scripts are read, also beside letters.
//   - wrappers: SIP headers, tel and sip URIs with parameters, WhatsApp JIDs,
//     links of messengers, labels that end with a colon, quotation marks.
//   - extension, words: behind eight digits and more, extension labels of many
//     languages, p and w, and any words end the number, where what precedes
//     them is one; phonenumbers reads the letters as digits or drops them. So
//     do up to four digits behind a dash, a slash or a bracket where there is
//     no number with them.
//   - decimals, grouping, exponent: ".0" behind seven digits and more is a
//     spreadsheet's, and so are 9,876,543,210 and 9.876543210E9.
//   - separator: a tilde may separate digits; capital X: "/X12" is cut off as
//     "/x12" is.
//   - service-code, outside-line, plus-inside: *67 and the like (141, 184 and
//     others without a star in their countries), a digit or three with a pause
//     behind them, and digits before the plus sign are left out where a number
//     follows.
//   - repeated-code, foreign-prefix, no-plus, plus-national, trunk-zero: read
//     only where the plain reading is not valid, or as alternates. See How.
//   - anonymous: all zeros without a plus sign, and ANONYMOUS, RESTRICTED,
//     BLOCKED, UNKNOWN, UNAVAILABLE on the letters of a keypad, are refused.
//   - masked: xxx stands for digits that are left out, not for letters.
//   - internal number: four digits and fewer without a calling code are
//     refused where other numbers are longer than seven.
//   - two numbers: refused instead of read as one, or as number and extension;
//     repeated: unless they are the same line.
//   - A number has at most 19 digits; Reading.Valid also holds where the
//     metadata knows the present form of an old number only.
//
// # Concurrency
//
// All functions are safe for concurrent use. Sites and Rules are read only and
// must not be changed while they are in use.
package phone
