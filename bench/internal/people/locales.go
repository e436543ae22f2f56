package people

// locale is one of the populations that the made-up people come from: how they are
// named and how their numbers look.
type locale struct {
	share int // of 100 people
	code  string
	// Numbers are one of prefixes and so many digits more, all of them in use
	// for mobile phones (in the United States: area code and exchange).
	prefixes []string
	digits   int
	first    []string
	last     []string
	// Beside last, so that rare names are as many as in life: one of each.
	front, back []string
}

var latin = struct{ first, last, front, back []string }{
	first: []string{
		"James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Elizabeth",
		"William", "Barbara", "Richard", "Susan", "Joseph", "Jessica", "Thomas", "Sarah", "Carlos", "Karen",
		"Daniel", "Lisa", "Matthew", "Nancy", "Anthony", "Sandra", "Mark", "Ashley", "Steven", "Emily",
		"Andrew", "Donna", "Paul", "Michelle", "Joshua", "Carol", "Kenneth", "Amanda", "Kevin", "Melissa",
	},
	last: []string{
		"Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez",
		"Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee", "Thompson", "White",
		"Harris", "Clark", "Lewis", "Robinson", "Walker", "Young", "Allen", "King", "Wright", "Scott",
	},
	front: []string{
		"Ash", "Black", "Bram", "Carl", "Chester", "Clay", "Cross", "Dun", "East", "Elm", "Fair", "Glad",
		"Green", "Hart", "Haw", "High", "Holl", "Kings", "Lang", "Lock", "Mar", "Mill", "North", "Oak",
		"Pem", "Rad", "Red", "Rock", "Shaw", "Stan", "Stock", "Sunder", "Thorn", "Wake", "West", "Whit",
	},
	back: []string{
		"berg", "bourne", "bridge", "brook", "burn", "bury", "by", "combe", "cott", "croft", "dale", "don",
		"field", "ford", "gate", "ham", "hurst", "ingham", "land", "leigh", "ley", "man", "mere", "more",
		"ridge", "shaw", "son", "stead", "stone", "ton", "wall", "ward", "well", "wick", "wood", "worth",
	},
}

// locales have their shares add up to 100.
var locales = []locale{
	{
		share: 24, code: "91", digits: 8,
		prefixes: []string{"98", "97", "99", "96", "94", "93", "91", "90", "88", "87"},
		first: []string{
			"Aarav", "Priya", "Rohan", "Ananya", "Vikram", "Neha", "Arjun", "Kavya", "Rahul", "Pooja",
			"Sanjay", "Deepa", "Amit", "Lakshmi", "Suresh", "Meera", "Karthik", "Divya", "Manoj", "Swati",
		},
		last: []string{
			"Sharma", "Patel", "Reddy", "Iyer", "Gupta", "Singh", "Kumar", "Nair", "Das", "Joshi",
			"Verma", "Rao", "Mehta", "Bose", "Pillai", "Chauhan", "Desai", "Kapoor", "Menon", "Shetty",
		},
		front: []string{
			"Bala", "Chandra", "Deva", "Gopala", "Hari", "Indra", "Jaya", "Krishna", "Lakshmi", "Madhava",
			"Nara", "Padma", "Raja", "Rama", "Sita", "Soma", "Surya", "Vasu", "Veda", "Venkata",
		},
		back: []string{
			"chari", "deep", "gar", "giri", "kar", "lingam", "murthy", "nath", "pal", "palli",
			"prasad", "raj", "raman", "samy", "shekar", "sundaram", "swamy", "vardhan", "wala", "yan",
		},
	},
	{
		share: 10, code: "91", digits: 8,
		prefixes: []string{"70", "73", "75", "76", "77", "78", "79", "80", "81", "82"},
		first: []string{
			"अमित", "प्रिया", "राहुल", "सुनीता", "विक्रम", "अनीता", "संजय", "कविता", "मोहन", "गीता",
			"राजेश", "पूजा", "दीपक", "रेखा", "अर्जुन", "सीमा",
		},
		last: []string{
			"शर्मा", "वर्मा", "सिंह", "गुप्ता", "यादव", "मिश्रा", "पटेल", "जोशी", "तिवारी", "चौहान",
			"कुमार", "दास", "पाण्डेय", "राव", "ठाकुर", "मेहता",
		},
		front: []string{"राम", "कृष्ण", "देव", "हरि", "जय", "शिव", "सूर्य", "चन्द्र", "विजय", "नर"},
		back:  []string{"नाथ", "पाल", "राज", "कर", "गढ़िया", "वाल", "पुरी", "प्रसाद", "दत्त", "वंशी"},
	},
	{
		share: 24, code: "1", digits: 4, prefixes: exchanges(),
		first: latin.first, last: latin.last, front: latin.front, back: latin.back,
	},
	{
		share: 12, code: "44", digits: 6,
		prefixes: []string{"7400", "7500", "7710", "7800", "7900", "7411", "7515", "7711", "7811", "7912", "7930", "7980"},
		first:    latin.first, last: latin.last, front: latin.front, back: latin.back,
	},
	{
		share: 9, code: "49", digits: 7,
		prefixes: []string{"1511", "1512", "1514", "1515", "1516", "1517", "1520", "1522", "1573", "1575", "1577", "1578"},
		first: []string{
			"Jürgen", "Anna", "Günther", "Käthe", "Lukas", "Sophie", "Björn", "Lena", "Jörg", "Zoë",
			"Matthias", "Ursula", "Stefan", "Renée", "Wolfgang", "Petra",
		},
		last: []string{
			"Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Schäfer", "Koch", "Krüger", "Jäger", "Groß",
			"Köhler", "Weiß", "Böhm", "Vogel", "Lang", "Huber",
		},
		front: []string{"Alt", "Berg", "Eichen", "Feld", "Grün", "Hoch", "Kirch", "Linden", "Mühl", "Neu", "Ober", "Stein", "Unter", "Wald", "Zell"},
		back:  []string{"bach", "bauer", "berger", "burger", "dorfer", "eder", "felder", "häuser", "hofer", "huber", "kamp", "maier", "mann", "müller", "stätter"},
	},
	{
		share: 7, code: "33", digits: 6,
		prefixes: []string{"610", "611", "612", "613", "620", "650", "660", "670", "680", "698"},
		first:    []string{"Émile", "Chloé", "François", "Zoé", "Jérôme", "Amélie", "Hélène", "Loïc", "Noël", "Inès", "René", "Maëlle"},
		last:     []string{"Lefèvre", "Dubois", "Moreau", "Garçon", "Bénard", "Rousseau", "Fournier", "Girard", "Mercier", "Dupré", "Noël", "Gauthier"},
		front:    []string{"Beau", "Belle", "Bois", "Château", "Clair", "Grand", "Haut", "Mont", "Pré", "Rivi", "Saint", "Val"},
		back:     []string{"champ", "clair", "court", "fort", "jean", "lieu", "marin", "mont", "noir", "pierre", "ray", "ville"},
	},
	{
		share: 7, code: "7", digits: 7,
		prefixes: []string{"903", "905", "906", "909", "910", "911", "912", "913", "915", "916", "917", "919", "921", "925", "926"},
		first:    []string{"Алексей", "Мария", "Иван", "Ольга", "Дмитрий", "Елена", "Сергей", "Анна", "Юрий", "Наталья", "Пётр", "Светлана"},
		last:     []string{"Иванов", "Смирнов", "Кузнецов", "Попов", "Соколов", "Лебедев", "Новиков", "Морозов", "Волков", "Зайцев"},
		front:    []string{"Бел", "Верх", "Гор", "Добр", "Зелен", "Красн", "Лес", "Мир", "Остр", "Чёрн"},
		back:     []string{"анов", "енко", "ин", "ицкий", "ович", "овский", "ский", "ухин", "цев", "якин"},
	},
	{
		share: 7, code: "971", digits: 7,
		prefixes: []string{"50", "52", "54", "55", "56", "58"},
		first:    []string{"محمد", "فاطمة", "أحمد", "عائشة", "علي", "مريم", "خالد", "نورة", "عمر", "سارة", "يوسف", "ليلى"},
		last:     []string{"المنصوري", "الهاشمي", "السويدي", "النعيمي", "الشامسي", "الكعبي", "المزروعي", "الظاهري", "البلوشي", "الحمادي"},
		front:    []string{"ال", "عبد", "بن", "أبو"},
		back:     []string{"راشد", "ناصر", "سالم", "حمدان", "جابر", "كريم", "فارس", "هلال", "ماجد", "طاهر"},
	},
}

// exchanges returns area codes of the United States with each exchange that
// has no N11 in it.
func exchanges() []string {
	var list []string
	for _, area := range []string{"212", "213", "303", "305", "312", "404", "415", "503", "512", "602", "617", "702", "713", "718", "808"} {
		for x := 201; x <= 999; x += 2 {
			e := itoa(x, 3)
			if e[1:] != "11" && e != "555" {
				list = append(list, area+e)
			}
		}
	}
	return list
}
