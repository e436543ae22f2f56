package quiet

import "os"

func ends() { os.Exit(1) }
