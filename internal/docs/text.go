package docs

import "strings"

// span is a piece of running text.
type span struct {
	Text string
	Href string // an anchor of the page, or ""
	Code bool
}

// plain is the text of spans.
func plain(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// block is a paragraph, a list, or lines of code.
type block struct {
	Spans []span
	Items [][]span
	Code  string
}

// blocks reads the part of CommonMark that our documents use: paragraphs,
// lists of lines that begin with "- ", fenced lines, and `code`.
func blocks(text string) []block {
	var out []block
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			out = append(out, block{Spans: spans(strings.Join(paragraph, " "))})
		}
		paragraph = nil
	}
	inList := false
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		item, isItem := strings.CutPrefix(line, "- ")
		switch {
		case strings.HasPrefix(line, "```"):
			end()
			var code []string
			for i++; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "```"); i++ {
				code = append(code, lines[i])
			}
			out = append(out, block{Code: strings.Join(code, "\n")})
			inList = false
		case line == "":
			end()
			inList = false
		case isItem:
			end()
			if !inList {
				out = append(out, block{})
			}
			list := &out[len(out)-1]
			list.Items = append(list.Items, spans(item))
			inList = true
		case inList: // the item goes on
			list := &out[len(out)-1]
			last := &list.Items[len(list.Items)-1]
			*last = append(*last, spans(" "+line)...)
		default:
			paragraph = append(paragraph, line)
		}
	}
	end()
	return out
}

// spans parts text from `code`; a backtick without another is a backtick.
func spans(text string) []span {
	var out []span
	for text != "" {
		before, rest, opened := strings.Cut(text, "`")
		code, after, closed := strings.Cut(rest, "`")
		if !opened || !closed {
			return append(out, span{Text: text})
		}
		if before != "" {
			out = append(out, span{Text: before})
		}
		if code != "" {
			out = append(out, span{Text: code, Code: true})
		}
		text = after
	}
	return out
}

// pathSpans marks the parameters of a path.
func pathSpans(path string) []span {
	var out []span
	for path != "" {
		open := strings.IndexByte(path, '{')
		end := strings.IndexByte(path, '}')
		if open < 0 || end < open {
			return append(out, span{Text: path})
		}
		if open > 0 {
			out = append(out, span{Text: path[:open]})
		}
		out = append(out, span{Text: path[open : end+1], Code: true})
		path = path[end+1:]
	}
	return out
}
