package interchange

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// foldHeader returns the text of a first line's cell as plainField and the
// layouts have it: letters and digits alone, in lower case, without accents.
func foldHeader(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s[:min(len(s), 200)]) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r) && r >= 0x900:
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(b.String(), "ß", "ss")
}

// plainName is the field of a column that is called "name" in some language:
// which name it is depends on the columns beside it.
const plainName = "name"

// plainField returns the field of a column with a name in common words, folded;
// "" where it has none.
func plainField(folded string) string {
	switch folded {
	case "name", "nom", "nombre", "nome", "naam", "names", "namn", "navn":
		return plainName
	case "firstname", "givenname", "forename", "first", "given", "fname", "firstnames", "vorname", "vornamen", "prenom", "prenoms", "primernombre", "primeironome", "nomedibattesimo", "voornaam", "fornavn", "fornamn":
		return "firstName"
	case "lastname", "familyname", "surname", "last", "family", "lname", "secondname", "nachname", "familienname", "zuname", "nomdefamille", "apellido", "apellidos", "cognome", "sobrenome", "ultimonome", "achternaam", "familienaam", "efternavn", "efternamn":
		return "lastName"
	case "fullname", "contact", "contactname", "displayname", "anzeigename", "customername", "clientname", "callername", "personname", "firstandlastname", "namelastfirst", "vollername", "kontakt", "nomcomplet", "nometprenom", "nomprenom", "nombrecompleto", "nombreyapellido", "nombreyapellidos", "nomecompleto", "nomeecognome", "nomecognome", "volledigenaam":
		return "fullName"
	case "middlename", "middle", "middlenames", "additionalname", "zweitervorname", "deuxiemeprenom", "segundonombre", "nomedomeio", "secondonome", "tweedevoornaam":
		return "custom." + keyMiddleName
	case "salutation", "prefix", "nameprefix", "honorific", "honorificprefix", "mrmrs", "anrede", "civilite", "tratamiento", "tratamento", "aanhef":
		return "salutation"
	case "suffix", "namesuffix":
		return "custom." + keySuffix
	case "company", "companyname", "organisation", "organization", "organisationname", "organizationname", "employer", "firm", "business", "businessname", "firma", "unternehmen", "firmenname", "societe", "entreprise", "empresa", "compania", "azienda", "societa", "bedrijf", "bedrijfsnaam", "organisatie", "organizacion", "organizacao", "organizzazione":
		return "organization"
	case "title", "jobtitle", "job", "position", "designation", "occupation", "beruf", "berufsbezeichnung", "funktion", "poste", "fonction", "puesto", "cargo", "professione", "ruolo", "qualifica", "functie":
		return "title"
	case "note", "notes", "comment", "comments", "remark", "remarks", "memo", "notiz", "notizen", "bemerkung", "bemerkungen", "kommentar", "remarque", "remarques", "commentaire", "commentaires", "nota", "notas", "comentario", "comentarios", "observaciones", "observacoes", "commento", "opmerking", "opmerkingen", "notities":
		return "notes"
	case "tag", "tags", "label", "labels", "group", "groups", "category", "categories", "groupmembership", "gruppe", "gruppen", "kategorie", "kategorien", "schlagworte", "stichworte", "groupe", "groupes", "etiquette", "etiquettes", "grupo", "grupos", "etiqueta", "etiquetas", "categoria", "categorias", "gruppo", "gruppi", "categorie", "groep", "groepen":
		return "tags"
	case "clientref", "externalid", "externalreference", "externalref":
		return "clientRef"
	case "countrycode", "callingcode", "dialcode", "dialingcode", "diallingcode", "isdcode", "phonecountrycode", "cellphonecountrycode", "mobilecountrycode", "countrycallingcode", "landesvorwahl", "landervorwahl", "indicatif", "indicatifpays", "codigodepais", "codigopais", "codigodopais", "prefissointernazionale", "landnummer":
		return "cellPhone.countryCode"
	case "ext", "extn", "extension", "phoneextension", "phoneext", "cellphoneextension", "durchwahl":
		return "cellPhone.extension"
	case "nickname", "spitzname", "surnom", "apodo", "soprannome", "bijnaam":
		return "custom." + keyNickname
	case "birthday", "birthdate", "dateofbirth", "dob", "geburtstag", "geburtsdatum", "datedenaissance", "fechadenacimiento", "cumpleanos", "datadenascimento", "datadinascita", "compleanno", "geboortedatum", "verjaardag":
		return "custom." + keyBirthday
	case "anniversary", "jahrestag":
		return "custom." + keyAnniversary
	case "website", "web", "webpage", "homepage", "url", "webseite", "siteweb", "sitioweb", "paginaweb", "sitoweb":
		return "custom." + keyWebsite
	case "department", "dept", "abteilung", "departement", "departamento", "dipartimento", "afdeling":
		return "custom." + keyDepartment
	case "contactnumber", "contactno", "contactnumbers", "callernumber", "callerid", "number", "numbers", "nummer", "numero", "numeros", "msisdn", "ani", "e164", "rufnummer", "rufnummern":
		return "phones"
	}
	if part := postalField(folded); part != "" {
		return "adr." + part
	}
	if len(folded) > 48 {
		return ""
	}
	if label, ok := composed(folded, wordPhone); ok {
		return labelled("phones", label)
	}
	if label, ok := composed(folded, wordEmail); ok {
		return labelled("emails", label)
	}
	for i := 1; i < len(folded); i++ { // "homecity", "ortprivat"
		for _, name := range [][2]string{{folded[:i], folded[i:]}, {folded[i:], folded[:i]}} {
			if kind, label := phoneWord(name[0]); kind == wordLabel && postalField(name[1]) != "" {
				return "adr." + label + "." + postalField(name[1])
			}
		}
	}
	return ""
}

// postalField returns the part of a postal address that a column with a name in
// common words has, folded; "" where it has none.
func postalField(folded string) string {
	switch folded {
	case "address", "street", "streetaddress", "addressline1", "address1", "postaladdress", "mailingaddress", "strasse", "anschrift", "adresse", "rue", "calle", "direccion", "rua", "endereco", "via", "indirizzo", "straat", "adres":
		return "street"
	case "addressline2", "address2", "street2", "adresszusatz":
		return "extended"
	case "pobox", "postfach":
		return "box"
	case "city", "town", "locality", "ort", "stadt", "wohnort", "ville", "ciudad", "localidad", "cidade", "citta", "plaats", "stad", "woonplaats":
		return "city"
	case "state", "province", "region", "county", "stateprovince", "bundesland", "provincia", "estado", "provincie":
		return "region"
	case "zip", "zipcode", "postalcode", "postcode", "plz", "postleitzahl", "codepostal", "codigopostal", "cep", "cap":
		return "code"
	case "country", "countryregion", "land", "landregion", "pays", "pais", "paese":
		return "country"
	}
	return ""
}

func labelled(field, label string) string {
	if label == "" {
		return field
	}
	return field + "." + label
}

// wordKind is what a word says in the name of a column of numbers or addresses.
type wordKind uint8

const (
	wordNone   wordKind = iota
	wordFiller          // says nothing
	wordLabel           // says which
	wordPhone           // says that it is a number
	wordEmail           // says that it is an address
)

// phoneWord tells what a word says. Label is "" for none.
func phoneWord(w string) (kind wordKind, label string) {
	switch w {
	case "number", "numbers", "num", "no", "nr", "nbr", "nummer", "numero", "contact", "customer", "client", "caller", "line", "of", "de", "du", "di", "do", "address", "addresses", "adresse", "adres", "adresses", "direccion", "endereco", "indirizzo", "id", "electronico", "electronica", "electronique", "eletronico", "elettronica", "elettronico", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
		return wordFiller, ""
	case "phone", "phones", "telephone", "tel", "telefon", "telefono", "telefone", "telefoon", "telefonnummer", "telefoonnummer", "fon":
		return wordPhone, ""
	case "mobile", "mobil", "cell", "cellular", "cellulaire", "celular", "cellulare", "handy", "movil", "telemovel", "portable", "gsm", "mobiel", "natel", "mob":
		return wordPhone, "mobile"
	case "fax", "telefax", "facsimile", "telecopie":
		return wordPhone, "fax"
	case "pager", "beeper":
		return wordPhone, "pager"
	case "whatsapp":
		return wordPhone, "whatsapp"
	case "landline", "festnetz":
		return wordPhone, "landline"
	case "email", "emails", "mail", "correo", "courriel", "posta":
		return wordEmail, ""
	case "work", "business", "office", "company", "job", "geschaftlich", "geschaeftlich", "dienstlich", "arbeit", "buro", "buero", "firma", "bureau", "professionnel", "travail", "trabajo", "oficina", "trabalho", "comercial", "lavoro", "ufficio", "werk", "zakelijk", "kantoor":
		return wordLabel, "work"
	case "home", "private", "personal", "privat", "privee", "prive", "zuhause", "domicile", "maison", "casa", "particular", "residencial", "residence", "thuis":
		return wordLabel, "home"
	case "main", "primary", "principal", "principale", "haupt", "zentrale", "primare", "primaere":
		return wordLabel, "main"
	case "other", "alternate", "alternative", "alt", "secondary", "second", "additional", "sekundare", "sekundaere", "andere", "weitere", "sonstige", "autre", "otro", "outro", "altro":
		return wordLabel, "other"
	}
	return wordNone, ""
}

// composed reports whether a folded name is made of words alone of which one is
// of a kind, and returns the label that they say: "telefonprivat", "workphone2".
func composed(folded string, kind wordKind) (string, bool) {
	failed := make([]bool, len(folded)+1)
	var words []string
	var read func(at int) bool
	read = func(at int) bool {
		if at == len(folded) {
			return true
		}
		if failed[at] {
			return false
		}
		for end := min(len(folded), at+16); end > at; end-- {
			if k, _ := phoneWord(folded[at:end]); k == wordNone {
				continue
			}
			words = append(words, folded[at:end])
			if read(end) {
				return true
			}
			words = words[:len(words)-1]
		}
		failed[at] = true
		return false
	}
	if !read(0) {
		return "", false
	}
	found, device := false, ""
	var labels []string
	for _, w := range words {
		k, label := phoneWord(w)
		if k == wordPhone || k == wordEmail {
			if k != kind {
				return "", false
			}
			found = true
		}
		if label == "fax" || label == "pager" { // "work fax", in whatever order it came
			device = label
			continue
		}
		if label != "" && (len(labels) == 0 || labels[len(labels)-1] != label) {
			labels = append(labels, label)
		}
	}
	if device != "" {
		labels = append(labels, device)
	}
	return strings.Join(labels, " "), found
}
