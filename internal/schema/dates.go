package schema

import (
	"strings"
	"time"

	"facet/internal/profile"
)

// ParseDateTime reads a date, with or without a time, in any of the forms of
// the Identity Cloud's data types page, and gives it in UTC to the microsecond:
//
//	2019-10-15T07:36:25Z   2003-01-02 6:15pm   2 Jan 03 18:15:00.00
//	01-02-03 6:15pm (month first)   January 2, 2003 11:15am -0700
//	today   yesterday   now
//
// No time is midnight, no zone is UTC, two digits of a year are 1969 to 2068.
// Anything else is Invalid/CodeDateTime.
func ParseDateTime(s string, now time.Time) (time.Time, error) {
	t, err := parseLocal(s, now)
	if err != nil {
		return t, err
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, badDate(s)
	}
	return t, nil
}

// FormatDateTime gives the wire's and the stored form of a time: UTC, six
// digits of fraction unless the second is whole.
// "2012-03-12 01:23:45.123000 +0000", "2015-11-15 01:58:01 +0000".
func FormatDateTime(t time.Time) string { return string(AppendDateTime(nil, t)) }

// AppendDateTime appends what FormatDateTime gives.
func AppendDateTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(appendDigits(dst, year, 4), '-')
	dst = append(appendDigits(dst, int(month), 2), '-')
	dst = append(appendDigits(dst, day, 2), ' ')
	dst = append(appendDigits(dst, hour, 2), ':')
	dst = append(appendDigits(dst, minute, 2), ':')
	dst = appendDigits(dst, second, 2)
	if micro := t.Nanosecond() / 1000; micro != 0 {
		dst = appendDigits(append(dst, '.'), micro, 6)
	}
	return append(dst, " +0000"...)
}

func appendDigits(dst []byte, n, width int) []byte {
	for i := 0; i < width; i++ {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0 && i >= len(dst)-width; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

func badDate(s string) error {
	if len(s) > 100 {
		s = s[:100]
	}
	return profile.E(profile.Invalid, profile.CodeDateTime, "", "not a date or time: %q", s)
}

// parseLocal reads a date and leaves it in the zone it was written in.
func parseLocal(s string, now time.Time) (time.Time, error) {
	now = now.UTC()
	midnight := now.Truncate(24 * time.Hour)
	p := dateParser{s: strings.TrimSpace(s)}
	switch strings.ToLower(p.s) {
	case "now":
		return now.Truncate(time.Microsecond), nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if t, ok := p.parse(); ok {
		return t, nil
	}
	return time.Time{}, badDate(s)
}

// dateParser reads s from the left; a method that gives false may have read on.
type dateParser struct {
	s    string
	i    int
	year int
	mon  int
	day  int

	compact bool // date written as one run of eight digits
}

func (p *dateParser) parse() (time.Time, bool) {
	if !p.date() {
		return time.Time{}, false
	}
	if p.mon < 1 || p.mon > 12 || p.year < 1 || p.day < 1 || p.day > daysIn(p.year, p.mon) {
		return time.Time{}, false
	}
	blank := p.spaces()
	if !blank && p.i < len(p.s) && (p.s[p.i] == 'T' || p.s[p.i] == 't') {
		p.i++
		blank = true
	} else if p.i == len(p.s) {
		return time.Date(p.year, time.Month(p.mon), p.day, 0, 0, 0, 0, time.UTC), true
	}
	if !blank {
		return time.Time{}, false
	}
	clock, nsec, ok := p.clock()
	if !ok {
		return time.Time{}, false
	}
	zone, ok := p.zone()
	if !ok || p.i != len(p.s) {
		return time.Time{}, false
	}
	return time.Date(p.year, time.Month(p.mon), p.day, 0, 0, clock, nsec, zone), true
}

// date reads the date in one of its orders.
func (p *dateParser) date() bool {
	if p.peekLetter() {
		word := p.word()
		if weekday(word) {
			if p.take(','); !p.spaces() {
				return false
			}
			if !p.peekLetter() {
				return p.date()
			}
			word = p.word()
		}
		return p.monthFirst(word)
	}
	n, digits := p.number(8)
	switch {
	case digits == 8: // 20030102
		p.year, p.mon, p.day, p.compact = n/10000, n/100%100, n%100, true
		return true
	case digits == 4: // 2003-01-02, 2003/01/02
		sep := p.separator()
		p.year = n
		if sep == 0 {
			return false
		}
		var md, dd int
		p.mon, md = p.number(2)
		if !p.take(sep) {
			return false
		}
		p.day, dd = p.number(2)
		return md > 0 && dd > 0
	case digits != 1 && digits != 2:
		return false
	}
	sep := p.separator()
	if sep == 0 && !p.spaces() {
		return false
	}
	if p.peekLetter() { // 2 Jan 03, 02-Jan-2003
		p.day = n
		if p.mon = monthNamed(p.word()); p.mon == 0 {
			return false
		}
		if sep != 0 && !p.take(sep) || sep == 0 && !p.spaces() {
			return false
		}
		return p.anyYear()
	}
	if sep == 0 {
		return false
	}
	p.mon = n // 01-02-03: month, day, year
	var dd int
	p.day, dd = p.number(2)
	return dd > 0 && p.take(sep) && p.anyYear()
}

// monthFirst reads on after the month's name: "January 2, 2003".
func (p *dateParser) monthFirst(month string) bool {
	if p.mon = monthNamed(month); p.mon == 0 || !p.spaces() {
		return false
	}
	var dd int
	p.day, dd = p.number(2)
	comma := p.take(',')
	return dd > 0 && (p.spaces() || comma) && p.anyYear()
}

func (p *dateParser) anyYear() bool {
	n, digits := p.number(4)
	switch {
	case digits == 4:
		p.year = n
	case digits == 2 && n < 69: // the pivot of POSIX strptime
		p.year = 2000 + n
	case digits == 2:
		p.year = 1900 + n
	default:
		return false
	}
	return true
}

// clock reads the time of day: seconds since midnight, and the fraction.
func (p *dateParser) clock() (seconds, nsec int, ok bool) {
	hour, digits := p.number(2)
	if digits == 0 {
		return 0, 0, false
	}
	var minute, second int
	colon := p.take(':')
	bare := !colon // so far only an hour: "6pm"
	if !colon && p.compact && p.peekDigit() {
		colon, bare = true, false // 20030102T061500
	}
	if colon {
		if minute, digits = p.number(2); digits != 2 {
			return 0, 0, false
		}
		if p.take(':') || p.compact && p.peekDigit() {
			if second, digits = p.number(2); digits != 2 {
				return 0, 0, false
			}
			if p.take('.') || p.take(',') {
				if nsec, ok = p.fraction(); !ok {
					return 0, 0, false
				}
			}
		}
	}
	if minute > 59 || second > 59 {
		return 0, 0, false
	}
	before := p.i
	p.spaces()
	switch strings.ToLower(p.word()) {
	case "am":
		if hour < 1 || hour > 12 {
			return 0, 0, false
		}
		hour %= 12
	case "pm":
		if hour < 1 || hour > 12 {
			return 0, 0, false
		}
		hour = hour%12 + 12
	default: // not for us: the zone, or the end
		if p.i = before; bare {
			return 0, 0, false
		}
	}
	return hour*3600 + minute*60 + second, nsec, hour < 24
}

// fraction reads digits after the point and drops what is below a microsecond.
func (p *dateParser) fraction() (nsec int, ok bool) {
	scale := 100_000_000
	for p.peekDigit() {
		nsec += int(p.s[p.i]-'0') * scale
		scale /= 10
		p.i++
		ok = true
	}
	return nsec / 1000 * 1000, ok
}

// zone reads "Z", "UTC", "GMT", "+00:00", "-0700", "+01", or nothing.
func (p *dateParser) zone() (*time.Location, bool) {
	p.spaces()
	switch strings.ToLower(p.word()) {
	case "z", "utc", "gmt":
		return time.UTC, true
	case "":
	default:
		return nil, false
	}
	if p.i == len(p.s) {
		return time.UTC, true
	}
	sign := 1
	if p.take('-') {
		sign = -1
	} else if !p.take('+') {
		return nil, false
	}
	hour, digits := p.number(2)
	minute, md := 0, 2
	if p.take(':') || p.peekDigit() {
		minute, md = p.number(2)
	}
	if digits != 2 || md != 2 || hour > 23 || minute > 59 {
		return nil, false
	}
	if hour+minute == 0 {
		return time.UTC, true
	}
	return time.FixedZone("", sign*(hour*3600+minute*60)), true
}

func (p *dateParser) spaces() bool {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
	return p.i > start
}

func (p *dateParser) take(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// separator reads what stands between the numbers of a date; 0 if nothing does.
func (p *dateParser) separator() byte {
	for _, c := range []byte("-/.") {
		if p.take(c) {
			return c
		}
	}
	return 0
}

func (p *dateParser) peekDigit() bool {
	return p.i < len(p.s) && '0' <= p.s[p.i] && p.s[p.i] <= '9'
}

func (p *dateParser) peekLetter() bool {
	return p.i < len(p.s) && ('a' <= p.s[p.i]|0x20 && p.s[p.i]|0x20 <= 'z')
}

// number reads at most max digits.
func (p *dateParser) number(max int) (n, digits int) {
	for digits < max && p.peekDigit() {
		n = n*10 + int(p.s[p.i]-'0')
		p.i++
		digits++
	}
	return n, digits
}

func (p *dateParser) word() string {
	start := p.i
	for p.peekLetter() {
		p.i++
	}
	return p.s[start:p.i]
}

// named tells which of the names word is, whole or cut to at least three letters.
func named(word string, names []string) int {
	w := strings.ToLower(word)
	for i, n := range names {
		if w == n || len(w) == 3 && w == n[:3] || w == "sept" && n == "september" {
			return i + 1
		}
	}
	return 0
}

func monthNamed(word string) int { return named(word, months) }
func weekday(word string) bool   { return named(word, weekdays) > 0 }

var (
	months   = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
	weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
)

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
