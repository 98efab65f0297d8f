package appdata

import "os"

// spoolMemory is how many bytes a spool keeps in memory; more go to a file.
const spoolMemory = 1 << 20

// spool keeps the texts of the documents of a large request until all of it is
// read and found to be right: beyond some, in a file that no other program
// finds.
type spool struct {
	memory []byte
	file   *os.File
	size   int64
}

// extent is where a text lies in a spool.
type extent struct {
	at     int64
	length int32
}

// add keeps a text.
func (s *spool) add(text []byte) (extent, error) {
	e := extent{s.size, int32(len(text))}
	s.size += int64(len(text))
	if s.file == nil && s.size <= spoolMemory {
		s.memory = append(s.memory, text...)
		return e, nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "facet-spool-")
		if err != nil {
			return e, err
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil { // it lives as long as it is open
			return e, err
		}
		if _, err := f.Write(s.memory); err != nil {
			return e, err
		}
		s.memory = nil
	}
	_, err := s.file.Write(text)
	return e, err
}

// read gives a text.
func (s *spool) read(e extent) ([]byte, error) {
	if s.file == nil {
		return s.memory[e.at : e.at+int64(e.length)], nil
	}
	text := make([]byte, e.length)
	_, err := s.file.ReadAt(text, e.at)
	return text, err
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
