package phone

// This file holds the equivalence rules of this package, a table for each
// calling code. A row is an old form of a number and the present one; of the
// rows that match, the first whose present form is a valid number counts, and
// what it gives is looked up once more. The columns are those of Rule:
//
//	Name, Code, Old, Digits (0: any), NewCode (0: the same), New,
//	EvenIfValid, Unchecked, Source, Date
//
// The order of the rows matters: those with EvenIfValid come first.
// TestRuleTable checks the rest.

// rulesOf returns the rows of a calling code; most have none.
func rulesOf(code int) []Rule {
	switch code {
	case 33:
		return rules33[:]
	case 39:
		return rules39[:]
	case 52:
		return rules52[:]
	case 54:
		return rules54[:]
	case 55:
		return rules55[:]
	case 56:
		return rules56[:]
	case 57:
		return rules57[:]
	case 63:
		return rules63[:]
	case 84:
		return rules84[:]
	case 225:
		return rules225[:]
	case 229:
		return rules229[:]
	case 230:
		return rules230[:]
	case 237:
		return rules237[:]
	case 241:
		return rules241[:]
	case 377:
		return rules377[:]
	case 378:
		return rules378[:]
	case 381:
		return rules381[:]
	case 386:
		return rules386[:]
	case 966:
		return rules966[:]
	}
	return nil
}

// Overseas departments, written as if they were in mainland France. Their
// calling codes are their own since 1996; within France the numbers are
// dialled with a zero, which is why people write +33.
var rules33 = [...]Rule{
	{"france-overseas", 33, "262", 9, 262, "262", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "263", 9, 262, "263", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "269", 9, 262, "269", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "639", 9, 262, "639", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "692", 9, 262, "692", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "693", 9, 262, "693", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "7092", 9, 262, "7092", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "508", 9, 508, "", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "590", 9, 590, "590", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "690", 9, 590, "690", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "691", 9, 590, "691", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "7090", 9, 590, "7090", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "594", 9, 594, "594", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "694", 9, 594, "694", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "596", 9, 596, "596", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "696", 9, 596, "696", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "697", 9, 596, "697", true, false, frOverseas, "1996-10-18"},
	{"france-overseas", 33, "7091", 9, 596, "7091", true, false, frOverseas, "1996-10-18"},
}

// Italian landlines keep their zero since 1998, mobile numbers lost it in
// 2001. San Marino is reached through Italy too, and is one place.
var rules39 = [...]Rule{
	{"san-marino", 39, "0549", 10, 378, "0549", true, false, "ITU E.164 note: San Marino is also reached by +39 0549", "1998-06-19"},
	{"san-marino", 39, "549", 9, 378, "0549", false, false, "ITU E.164 note: San Marino is also reached by +39 0549", "1998-06-19"},
	{"italy-mobile-zero", 39, "03", 0, 0, "3", false, false, "Italy, numbering plan 2001: mobile numbers without 0", "2001-07-29"},
	{"italy-zero", 39, "", 0, 0, "0", false, false, "Italy, numbering plan 1998: landlines keep the 0", "1998-06-19"},
}

// Mexico dials ten digits and nothing in front of them; from abroad, mobile
// numbers had a 1.
var rules52 = [...]Rule{
	{"mexico-prefix", 52, "1", 11, 0, "", false, false, mxPlan, "2019-08-03"},
}

// Argentina: a mobile line has 9 in front of the area code when called from
// abroad, and 15 behind it when called from within; people write both, and
// the trunk zero besides.
var rules54 = [...]Rule{
	{"argentina-mobile", 54, "9", 11, 0, "", true, false, arPlan, ""},
	{"argentina-mobile", 54, "9xx15", 13, 0, "9xx", false, false, arPlan, ""},
	{"argentina-mobile", 54, "9xxx15", 13, 0, "9xxx", false, false, arPlan, ""},
	{"argentina-mobile", 54, "9xxxx15", 13, 0, "9xxxx", false, false, arPlan, ""},
	{"argentina-mobile", 54, "90", 12, 0, "9", false, false, arPlan, ""},
	{"argentina-mobile", 54, "90xx15", 14, 0, "9xx", false, false, arPlan, ""},
	{"argentina-mobile", 54, "90xxx15", 14, 0, "9xxx", false, false, arPlan, ""},
	{"argentina-mobile", 54, "90xxxx15", 14, 0, "9xxxx", false, false, arPlan, ""},
}

// Brazil: mobile numbers got a ninth digit, area by area. Landlines (2 to
// 5) did not, and neither did the trunked radio numbers that begin with 7.
var rules55 = [...]Rule{
	{"brazil-ninth-digit", 55, "xx6", 10, 0, "xx96", false, false, brPlan, "2016-11-06"},
	{"brazil-ninth-digit", 55, "xx8", 10, 0, "xx98", false, false, brPlan, "2016-11-06"},
	{"brazil-ninth-digit", 55, "xx9", 10, 0, "xx99", false, false, brPlan, "2016-11-06"},
}

// Chile: all numbers have nine digits. Landlines got a 2 after the area
// code, mobile numbers keep the 9 in front that was once left out.
var rules56 = [...]Rule{
	{"chile-nine-digits", 56, "2", 8, 0, "22", false, false, clPlan, "2012-11-24"},
	{"chile-nine-digits", 56, "32", 8, 0, "322", false, false, clPlan, "2007"},
	{"chile-nine-digits", 56, "33", 8, 0, "332", false, false, clPlan, "2013-05-18"},
	{"chile-nine-digits", 56, "34", 8, 0, "342", false, false, clPlan, "2013-05-18"},
	{"chile-nine-digits", 56, "35", 8, 0, "352", false, false, clPlan, "2013-05-18"},
	{"chile-nine-digits", 56, "41", 8, 0, "412", false, false, clPlan, "2007"},
	{"chile-nine-digits", 56, "42", 8, 0, "422", false, false, clPlan, "2013-05-11"},
	{"chile-nine-digits", 56, "43", 8, 0, "432", false, false, clPlan, "2013-05-11"},
	{"chile-nine-digits", 56, "45", 8, 0, "452", false, false, clPlan, "2013-03-23"},
	{"chile-nine-digits", 56, "51", 8, 0, "512", false, false, clPlan, "2013-06-15"},
	{"chile-nine-digits", 56, "52", 8, 0, "522", false, false, clPlan, "2013-06-08"},
	{"chile-nine-digits", 56, "53", 8, 0, "532", false, false, clPlan, "2013-06-08"},
	{"chile-nine-digits", 56, "55", 8, 0, "552", false, false, clPlan, "2013-04-06"},
	{"chile-nine-digits", 56, "57", 8, 0, "572", false, false, clPlan, "2013-03-23"},
	{"chile-nine-digits", 56, "58", 8, 0, "582", false, false, clPlan, "2012-10-20"},
	{"chile-nine-digits", 56, "61", 8, 0, "612", false, false, clPlan, "2013-04-13"},
	{"chile-nine-digits", 56, "63", 8, 0, "632", false, false, clPlan, "2013-05-25"},
	{"chile-nine-digits", 56, "64", 8, 0, "642", false, false, clPlan, "2013-06-22"},
	{"chile-nine-digits", 56, "65", 8, 0, "652", false, false, clPlan, "2013-07-06"},
	{"chile-nine-digits", 56, "67", 8, 0, "672", false, false, clPlan, "2013-04-13"},
	{"chile-nine-digits", 56, "71", 8, 0, "712", false, false, clPlan, "2013-05-04"},
	{"chile-nine-digits", 56, "72", 8, 0, "722", false, false, clPlan, "2013-04-20"},
	{"chile-nine-digits", 56, "73", 8, 0, "732", false, false, clPlan, "2013-05-04"},
	{"chile-nine-digits", 56, "75", 8, 0, "752", false, false, clPlan, "2013-05-04"},
	{"chile-nine-digits", 56, "6", 8, 0, "96", false, false, clPlan, "2016-09-05"},
	{"chile-nine-digits", 56, "7", 8, 0, "97", false, false, clPlan, "2016-09-05"},
	{"chile-nine-digits", 56, "8", 8, 0, "98", false, false, clPlan, "2016-09-05"},
	{"chile-nine-digits", 56, "9", 8, 0, "99", false, false, clPlan, "2016-09-05"},
}

// Colombia: landlines have 60 in front of area and number. The metadata
// still holds those of Medellín that begin with 6 valid in the old form,
// which nothing else has had since.
var rules57 = [...]Rule{
	{"colombia-landline", 57, "46", 8, 0, "6046", true, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "1", 8, 0, "601", false, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "2", 8, 0, "602", false, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "4", 8, 0, "604", false, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "5", 8, 0, "605", false, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "6", 8, 0, "606", false, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "7", 8, 0, "607", false, false, coPlan, "2021-09-01"},
	{"colombia-landline", 57, "8", 8, 0, "608", false, false, coPlan, "2021-09-01"},
}

// Philippines: Manila numbers got a digit that names the carrier: 7 of
// Globe, 3 of Bayan, 8 of PLDT, which had by far the most. Those blocks of
// other carriers that Globe names are here; an old number of another block
// of theirs gets a Line of PLDT's, which it never had.
var rules63 = [...]Rule{
	{"manila-eight-digits", 63, "221", 8, 0, "2721", false, false, phGlobe, "2019-10-06"},
	{"manila-eight-digits", 63, "2238", 8, 0, "27238", false, false, phGlobe, "2019-10-06"},
	{"manila-eight-digits", 63, "2239", 8, 0, "27239", false, false, phGlobe, "2019-10-06"},
	{"manila-eight-digits", 63, "2265", 8, 0, "27265", false, false, phGlobe, "2019-10-06"},
	{"manila-eight-digits", 63, "2266", 8, 0, "27266", false, false, phGlobe, "2019-10-06"},
	{"manila-eight-digits", 63, "2220", 8, 0, "23220", false, false, phGlobe, "2019-10-06"},
	{"manila-eight-digits", 63, "2", 8, 0, "28", false, false, "NTC Memorandum Order 10-10-2017", "2019-10-06"},
}

// Vietnam: mobile numbers of eleven digits (with the zero) became ten.
var rules84 = [...]Rule{
	{"vietnam-mobile", 84, "120", 10, 0, "70", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "121", 10, 0, "79", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "122", 10, 0, "77", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "123", 10, 0, "83", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "124", 10, 0, "84", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "125", 10, 0, "85", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "126", 10, 0, "76", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "127", 10, 0, "81", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "128", 10, 0, "78", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "129", 10, 0, "82", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "162", 10, 0, "32", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "163", 10, 0, "33", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "164", 10, 0, "34", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "165", 10, 0, "35", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "166", 10, 0, "36", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "167", 10, 0, "37", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "168", 10, 0, "38", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "169", 10, 0, "39", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "186", 10, 0, "56", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "188", 10, 0, "58", false, false, vnPlan, "2018-09-15"},
	{"vietnam-mobile", 84, "199", 10, 0, "59", false, false, vnPlan, "2018-09-15"},
	// Vietnam: landlines have area codes that begin with 2. Missing are the old
	// codes 30 to 39, 52 to 59, 70 to 79 and 8: nine digits that begin so are
	// mobile numbers today, or may be tomorrow.
	{"vietnam-area", 84, "4", 9, 0, "24", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "20", 9, 0, "214", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "22", 9, 0, "212", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "25", 9, 0, "205", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "26", 9, 0, "206", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "27", 9, 0, "207", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "29", 9, 0, "216", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "60", 9, 0, "260", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "61", 9, 0, "251", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "62", 9, 0, "252", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "63", 9, 0, "263", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "64", 9, 0, "254", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "66", 9, 0, "276", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "67", 9, 0, "277", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "68", 9, 0, "259", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "230", 10, 0, "215", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "231", 10, 0, "213", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "240", 10, 0, "204", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "241", 10, 0, "222", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "280", 10, 0, "208", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "281", 10, 0, "209", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "320", 10, 0, "220", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "321", 10, 0, "221", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "350", 10, 0, "228", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "351", 10, 0, "226", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "500", 10, 0, "262", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "501", 10, 0, "261", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "510", 10, 0, "235", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "511", 10, 0, "236", false, false, vnAreas, "2017-02-11"},
	{"vietnam-area", 84, "650", 10, 0, "274", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "651", 10, 0, "271", false, false, vnAreas, "2017-06-17"},
	{"vietnam-area", 84, "710", 10, 0, "292", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "711", 10, 0, "293", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "780", 10, 0, "290", false, false, vnAreas, "2017-04-15"},
	{"vietnam-area", 84, "781", 10, 0, "291", false, false, vnAreas, "2017-04-15"},
}

// Ivory Coast: two digits that name the carrier. Of mobile numbers the
// second old digit tells, of landlines (2, 3) the third. The metadata does not
// know all landlines; none of them is ever one of the mobile numbers below.
var rules225 = [...]Rule{
	{"ivory-coast-ten-digits", 225, "2x8", 8, 0, "212x8", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "2x0", 8, 0, "252x0", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "3x0", 8, 0, "253x0", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "2", 8, 0, "272", false, true, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "3", 8, 0, "273", false, true, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x0", 8, 0, "01x0", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x1", 8, 0, "01x1", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x2", 8, 0, "01x2", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x3", 8, 0, "01x3", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x4", 8, 0, "05x4", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x5", 8, 0, "05x5", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x6", 8, 0, "05x6", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x7", 8, 0, "07x7", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x8", 8, 0, "07x8", false, false, ciPlan, "2021-01-31"},
	{"ivory-coast-ten-digits", 225, "x9", 8, 0, "07x9", false, false, ciPlan, "2021-01-31"},
}

// Benin: 01 in front of every number.
var rules229 = [...]Rule{
	{"benin-ten-digits", 229, "", 8, 0, "01", false, false, "ARCEP Benin: national numbering plan of ten digits", "2024-11-30"},
}

// Mauritius: 5 in front of every mobile number.
var rules230 = [...]Rule{
	{"mauritius-mobile", 230, "", 7, 0, "5", false, false, "ICTA decision of 2013-02-11", "2013-09-01"},
}

// Cameroon: 6 in front of every mobile number. Landlines got a 2, but some
// another digit besides, and which ones is not told by the number.
var rules237 = [...]Rule{
	{"cameroon-mobile", 237, "5", 8, 0, "65", false, false, cmPlan, "2014-11-21"},
	{"cameroon-mobile", 237, "7", 8, 0, "67", false, false, cmPlan, "2014-11-21"},
	{"cameroon-mobile", 237, "9", 8, 0, "69", false, false, cmPlan, "2014-11-21"},
}

// Gabon: a digit for the carrier behind the zero, and no zero from abroad.
var rules241 = [...]Rule{
	{"gabon-eight-digits", 241, "01", 8, 0, "11", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "02", 8, 0, "62", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "04", 8, 0, "74", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "05", 8, 0, "65", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "06", 8, 0, "66", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "07", 8, 0, "77", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "1", 7, 0, "11", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "2", 7, 0, "62", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "4", 7, 0, "74", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "5", 7, 0, "65", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "6", 7, 0, "66", true, false, gaPlan, "2019-11-15"},
	{"gabon-eight-digits", 241, "7", 7, 0, "77", true, false, gaPlan, "2019-11-15"},
}

// Kosovo used ranges of Monaco, Slovenia and Serbia before it had +383.
var rules377 = [...]Rule{
	{"kosovo", 377, "44", 8, 383, "44", true, false, xkPlan, "2016-12-15"},
	{"kosovo", 377, "45", 8, 383, "45", true, false, xkPlan, "2016-12-15"},
}

// San Marino: the zero of the area code is part of the number.
var rules378 = [...]Rule{
	{"san-marino", 378, "549", 9, 0, "0549", false, false, "ITU E.164 note: San Marino is also reached by +39 0549", "1998-06-19"},
}

var rules381 = [...]Rule{
	{"kosovo", 381, "28", 0, 383, "28", true, false, xkPlan, "2016-12-15"},
	{"kosovo", 381, "29", 0, 383, "29", true, false, xkPlan, "2016-12-15"},
	{"kosovo", 381, "38", 0, 383, "38", true, false, xkPlan, "2016-12-15"},
	{"kosovo", 381, "39", 0, 383, "39", true, false, xkPlan, "2016-12-15"},
}

var rules386 = [...]Rule{
	{"kosovo", 386, "43", 8, 383, "43", true, false, xkPlan, "2016-12-15"},
	{"kosovo", 386, "49", 8, 383, "49", true, false, xkPlan, "2016-12-15"},
}

// Saudi Arabia: landlines have 1 in front of the area code.
var rules966 = [...]Rule{
	{"saudi-landline", 966, "1", 8, 0, "11", false, false, saPlan, "2013-05-13"},
	{"saudi-landline", 966, "2", 8, 0, "12", false, false, saPlan, "2013-08-18"},
	{"saudi-landline", 966, "3", 8, 0, "13", false, false, saPlan, "2013-08-18"},
	{"saudi-landline", 966, "4", 8, 0, "14", false, false, saPlan, "2013-08-18"},
	{"saudi-landline", 966, "6", 8, 0, "16", false, false, saPlan, "2013-08-18"},
	{"saudi-landline", 966, "7", 8, 0, "17", false, false, saPlan, "2013-08-18"},
}

// Where the changes are documented.
const (
	frOverseas = "ARCEP numbering plan: 0262, 0269, 0508, 0590, 0594, 0596 and their mobile ranges are overseas"
	mxPlan     = "IFT, Plan Técnico Fundamental de Numeración, DOF 2018-05-11"
	arPlan     = "ENACOM, Plan Fundamental de Numeración Nacional"
	brPlan     = "Anatel, Resolução 553/2010: nono dígito"
	clPlan     = "SUBTEL, ITU Operational Bulletin, communication of 2014-07-02"
	coPlan     = "CRC, Resolución 5826 de 2019: marcación única nacional"
	vnPlan     = "Ministry of Information and Communications, Circular 22/2014/TT-BTTTT"
	vnAreas    = "Ministry of Information and Communications, Decision 2036/QD-BTTTT of 2016-11-21"
	phGlobe    = "NTC Memorandum Order 10-10-2017; Globe Telecom, FAQ on the eight-digit format"
	cmPlan     = "ART Cameroon, ITU Operational Bulletin, communication of 2014-10-06"
	ciPlan     = "ARTCI, plan national de numérotation à dix chiffres"
	gaPlan     = "ARCEP Gabon, plan national de numérotation à neuf chiffres"
	xkPlan     = "ITU Operational Bulletin: +383 assigned to Kosovo"
	saPlan     = "CITC, ITU Operational Bulletin, communication of 2013-04-09"
)
