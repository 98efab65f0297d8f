package face_test

import (
	"testing"

	"facet/internal/face"
	"facet/internal/profile"
)

func TestOneCallerDoesNotTakeAllPlacesForPictures(t *testing.T) {
	u := face.NewUploads()
	enter := func(who byte) (leave func(), busy bool) {
		leave, err := u.Enter(profile.ID{who})
		if err != nil && (!profile.IsKind(err, profile.Busy) || profile.AsError(err).Retry == 0) {
			t.Fatal(err)
		}
		return leave, err != nil
	}
	var leaves []func()
	for who := range byte(4) {
		for n := range 4 {
			leave, busy := enter(who)
			if want := n == 3 || who == 2 && n == 2 || who == 3; busy != want {
				t.Errorf("place %d of caller %d is refused: %v, want %v", n, who, busy, want)
			}
			if !busy {
				leaves = append(leaves, leave)
			}
		}
	}
	for _, leave := range leaves {
		leave()
	}
	if _, busy := enter(0); busy {
		t.Error("places are not given back")
	}
}
