package mail

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"facet/internal/profile"
)

// ParseURL makes the Sender that a setting names:
//
//	smtp://[user:password@]host[:port][?tls=mandatory|opportunistic|none][&timeout=15s][&ehlo=name]
//	smtps://… the same with TLS from the first byte
//	folder:///path, or folder:path from the current directory
//
// What cannot be read is a *profile.Error of kind Invalid. Its text repeats
// nothing of the URL: a password with a bare "/", "?" or "#" may end up anywhere.
func ParseURL(s string) (Sender, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, badURL("not a URL; in a password write / ? # @ : and % in their percent form")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Fragment != "" || u.RawFragment != "" {
		return nil, badURL("not a URL; in a password write / ? # @ : and % in their percent form")
	}
	switch u.Scheme {
	case "smtp", "smtps":
		return parseSMTP(u, query)
	case "folder":
		dir := u.Path
		if u.Opaque != "" {
			if dir, err = url.PathUnescape(u.Opaque); err != nil {
				return nil, badURL("not a path")
			}
		}
		if u.Host != "" || u.User != nil || u.RawQuery != "" || dir == "" || strings.ContainsRune(dir, 0) {
			return nil, badURL("a folder is folder:///path, or folder:path from the current directory")
		}
		return &Folder{Dir: dir}, nil
	}
	return nil, badURL("it begins with smtp://, smtps:// or folder:")
}

func parseSMTP(u *url.URL, query url.Values) (Sender, error) {
	out := &SMTP{Host: u.Hostname(), TLS: Mandatory, Timeout: 15 * time.Second}
	if !isHost(out.Host) || u.Opaque != "" || u.Path != "" && u.Path != "/" {
		return nil, badURL("a server is smtp://user:password@host:port")
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return nil, badURL("a port is a number from 1 to 65535")
		}
		out.Port = int(n)
	}
	if u.User != nil {
		out.User = u.User.Username()
		out.Password, _ = u.User.Password()
		if out.User == "" || out.Password == "" || strings.ContainsRune(out.User+out.Password, 0) {
			return nil, badURL("a sign-in is user:password")
		}
	}
	for key, values := range query {
		value := values[len(values)-1]
		switch {
		case key == "tls" && (value == string(Mandatory) || value == string(Opportunistic) || value == string(None)):
			out.TLS = TLS(value)
		case key == "tls":
			return nil, badURL("tls is mandatory, opportunistic or none")
		case key == "timeout":
			d, err := time.ParseDuration(value)
			if err != nil || d < time.Second || d > 10*time.Minute {
				return nil, badURL("timeout is a duration from 1s to 10m")
			}
			out.Timeout = d
		case key == "ehlo" && value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			out.EHLO = value
		default:
			return nil, badURL("it takes tls, timeout and ehlo")
		}
	}
	if u.Scheme == "smtps" {
		if query.Has("tls") {
			return nil, badURL("smtps is always encrypted and takes no tls")
		}
		out.TLS = Implicit
	}
	return out, nil
}

// isHost reports whether s is an IP address or a host name of ASCII letters
// (an international one in its xn-- form).
func isHost(s string) bool {
	return s != "" && (net.ParseIP(s) != nil || !strings.ContainsFunc(s, notPlain))
}

func badURL(why string) error {
	return profile.E(profile.Invalid, profile.CodeInvalid, "mail", "the mail URL cannot be used: %s", why)
}
