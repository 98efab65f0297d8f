package directory

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// publicMail lists the domains, without their country, where anybody gets an
// e-mail address: an address there says nothing of whom its owner works for.
var publicMail = map[string]bool{
	"126": true, "163": true, "aim": true, "aol": true, "att": true, "bellsouth": true, "bigpond": true, "bk": true, "bluewin": true,
	"bol": true, "btinternet": true, "charter": true, "comcast": true, "cox": true, "daum": true, "duck": true, "earthlink": true,
	"fastmail": true, "free": true, "freenet": true, "gmail": true, "gmx": true, "googlemail": true, "hanmail": true, "hey": true,
	"hotmail": true, "hushmail": true, "icloud": true, "inbox": true, "laposte": true, "libero": true, "list": true, "live": true,
	"mac": true, "mail": true, "mailbox": true, "me": true, "msn": true, "naver": true, "optonline": true, "orange": true,
	"outlook": true, "pm": true, "posteo": true, "proton": true, "protonmail": true, "qq": true, "rambler": true, "rediffmail": true,
	"rocketmail": true, "sbcglobal": true, "seznam": true, "sfr": true, "shaw": true, "sina": true, "skynet": true, "sky": true,
	"t-online": true, "tiscali": true, "tuta": true, "tutanota": true, "uol": true, "verizon": true, "virgilio": true, "wanadoo": true,
	"web": true, "wp": true, "yahoo": true, "yandex": true, "ya": true, "ymail": true, "zoho": true, "zohomail": true,
}

// isPublicMail reports whether anybody may get an address of a domain, which
// is folded. What cannot be told apart from a public suffix is public too.
func isPublicMail(domain string) bool {
	site, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return true
	}
	name, _, _ := strings.Cut(site, ".")
	return publicMail[name]
}
