//! Sessions: from login to a virtual machine, its views, sealed, to the terminal and back.
