package directory

import (
	"strings"

	"facet/internal/profile"
)

// commonWords are what the passwords that most people choose are made of, as
// published counts of leaked ones show year after year; a blank parts them.
const commonWords = `
password passwort passwd motdepasse contrasena senha parola haslo salasana wachtwoord geheim secret default guest test
testing tester admin administrator root user login access system server master manager support welcome hello letmein
changeme change please enter temp temporary sample demo example private public internet computer network windows
microsoft google facebook apple iphone samsung android amazon linkedin twitter instagram youtube netflix
qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdf asdfgh asdfghjkl yxcvbnm zxcvbn zxcvbnm qazwsx qazwsxedc
qwe qweasd qweasdzxc asd zxc abc abcd abcde abcdef abcdefg abcdefgh abcdefghij aaa xxx
iloveyou loveyou love lovely lover babygirl baby honey sweet sweetie angel princess queen king prince beautiful
sunshine summer winter spring autumn monday friday sunday january february march april june july august september
october november december happy family freedom forever friends friend fuckyou fuck bitch asshole whatever nothing
trustno superman batman spiderman starwars pokemon naruto dragon monkey shadow tiger lion eagle falcon panther
cowboy football baseball basketball soccer hockey tennis golf liverpool chelsea arsenal barcelona madrid juventus
yankees lakers steelers ferrari mercedes porsche mustang corvette harley yamaha honda toyota
michael jordan jennifer jessica michelle ashley daniel andrew thomas robert george charlie maggie ginger pepper
cookie chocolate cheese banana orange purple yellow silver golden diamond flower butterfly rainbow
matrix ninja killer hunter ranger soldier warrior wizard pirate phoenix thunder lightning blaster destroyer
metallica slipknot nirvana eminem hannah samantha nicole natasha anthony william joshua matthew jasmine
london paris berlin newyork america canada mexico england france germany india china russia brazil jesus christ
heaven church god blessed money dollar business company office work student school teacher college university
mother father daddy mommy brother sister`

var common = func() map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(commonWords) {
		out[word] = true
	}
	return out
}()

// leet is what people write for letters.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// keyboardRows are what runs of keys are found in, forwards and backwards.
var keyboardRows = []string{"01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik"}

// isCommon reports whether a password is one of those that are tried first: one
// character or a short piece again and again, digits and signs alone, a run of
// keys, or one or two common words with digits and signs round them
// ("P@ssw0rd2026!"), however they are written.
func isCommon(password string) bool {
	folded := profile.Fold(password)
	if repeats(folded) || isRun(folded) {
		return true
	}
	for _, written := range []string{folded, leet.Replace(strings.TrimRightFunc(folded, isNoLetter)), leet.Replace(folded)} {
		var letters strings.Builder
		for word := range strings.FieldsFuncSeq(written, isNoLetter) {
			letters.WriteString(word)
		}
		core := letters.String()
		if core == "" || common[core] || isRun(core) || repeats(core) {
			return true
		}
		for i := 3; i+3 <= len(core); i++ {
			if common[core[:i]] && common[core[i:]] {
				return true
			}
		}
	}
	return false
}

func isNoLetter(r rune) bool { return r < 'a' || r > 'z' && r < 0x80 }

// repeats reports whether a text is a piece of at most a third of it, four
// characters or fewer, again and again; its last one may be cut.
func repeats(s string) bool {
	for n := 1; n <= 4 && 3*n <= len(s); n++ {
		if s[n:] == s[:len(s)-n] {
			return true
		}
	}
	return false
}

// isRun reports whether a text is keys that follow one another.
func isRun(s string) bool {
	for _, row := range keyboardRows {
		if len(s) > 2 && (strings.Contains(row+row, s) || strings.Contains(backwards(row+row), s)) {
			return true
		}
	}
	return false
}

func backwards(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
