"""Networks of edge devices with labelled data that is made here from installed packages."""
