package directory

import "strings"

// E164 writes a phone number as E.164: "+" and the country code first. One
// without a country is of the United States, as in DjaoApp. ok is false for
// what cannot be a number.
func E164(typed string) (number string, ok bool) {
	var digits strings.Builder
	international := false
	for i, r := range typed {
		switch {
		case '0' <= r && r <= '9':
			digits.WriteRune(r)
		case r == '+' && i == 0:
			international = true
		case !strings.ContainsRune(" -.()/", r):
			return "", false
		}
	}
	number = digits.String()
	if !international {
		switch {
		case len(number) == 10:
			number = "1" + number
		case len(number) != 11 || number[0] != '1':
			return "", false
		}
	}
	return "+" + number, len(number) >= 8 && len(number) <= 15 && number[0] != '0'
}

// isPhone reports whether a text is written as E.164 already.
func isPhone(s string) bool {
	number, ok := E164(s)
	return ok && number == s
}
