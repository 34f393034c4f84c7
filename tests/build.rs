//! `unreg linux build` over a source tree and tools that only pretend: every way it can end, in seconds.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Does what the real one does with the targets that are asked, as far as a build sees it.
const MAKE: &str = r#"#!/bin/sh
for word; do
    case $word in
    -C) ;;
    O=*) objects=${word#O=} ;;
    INSTALL_MOD_PATH=*) to=${word#INSTALL_MOD_PATH=} ;;
    tinyconfig) echo CONFIG_TINY=y > "$objects/.config" ;;
    olddefconfig)
        if [ -e "$source/lost" ]; then
            grep -v -f "$source/lost" "$objects/.config" > "$objects/kept"
            mv "$objects/kept" "$objects/.config"
        fi ;;
    archprepare)
        mkdir -p "$objects/arch/x86/um"
        echo '.ascii "->HOST_FP_SIZE $337 2696 / 8"' > "$objects/arch/x86/um/user-offsets.s" ;;
    linux)
        grep -q 'SIZE $1536 ' "$objects/arch/x86/um/user-offsets.s" || { echo "no room for AMX"; exit 2; }
        if [ -e "$source/slow" ]; then touch "$source/begun"; sleep 60; fi
        if [ -e "$source/broken" ]; then echo "main.c:7: error: no such thing"; exit 2; fi
        sleep 0.2
        echo built >> "$source/../builds"
        mkdir -p "$objects/include/config"
        echo 6.99-fake > "$objects/include/config/kernel.release"
        printf '#!/bin/sh\necho no memory for a kernel >&2\nexit 3\n' > "$objects/linux"
        chmod +x "$objects/linux" ;;
    modules_install) mkdir -p "$to/lib/modules/6.99-fake" ;;
    *) [ "$last" = -C ] && source=$word ;;
    esac
    last=$word
done
"#;

/// Called as `merge_config.sh -m -O OBJECTS OBJECTS/.config FRAGMENT`.
const MERGE: &str = "#!/bin/sh\ncat \"$5\" >> \"$4\"\n";

/// Has one package, unless the house says otherwise, in suites that only a list of sources of one's own names.
const APT_GET: &str = r#"#!/bin/sh
house=$(dirname "$0")/..
for word; do
    case $word in
    Dir::Etc::sourceparts=*) parts=${word#*=} ;;
    update|download) verb=$word ;;
    esac
done
echo "$verb${parts:+ of our own sources}" >> "$house/asked"
fail() { echo "$1" >&2; exit 100; }
if [ $verb = update ]; then
    cp "$parts/unreg.sources" "$house/seen"
    if [ -e "$house/offline" ]; then echo "W: Failed to fetch http://a.example/  Temporary failure resolving 'a.example'"; fi
    if [ -e "$house/unsigned" ]; then echo "W: GPG error: http://a.example sid InRelease: NO_PUBKEY 0123456789ABCDEF" >&2; fi
    fail "E: The repository 'http://a.example/debian duke-backports Release' does not have a Release file."
fi
[ -n "$parts" ] || [ -e "$house/own" ] || fail "E: Unable to locate package $word"
if [ -e "$house/offline" ] || [ -e "$house/unsigned" ] || [ $word != linux-source-6.99 ]; then
    fail "E: Unable to locate package $word"
fi
echo half > "${word}_6.99_all.deb"
if [ -e "$house/slow" ]; then touch "$house/begun"; sleep 60; fi
[ -e "$house/broken" ] && fail "E: Failed to fetch $word  Hash Sum mismatch"
mkdir -p usr/src
tar -czf usr/src/$word.tar.gz -C "$house" tree
tar -cf "${word}_6.99_all.deb" usr
"#;

/// Called as `dpkg-deb -x PACKAGE FOLDER`.
const DPKG_DEB: &str = "#!/bin/sh\nmkdir -p \"$3\" && tar -xf \"$2\" -C \"$3\"\n";

/// Called for the names of the files with apt's sources.
const APT_CONFIG: &str = "#!/bin/sh\nhouse=$(dirname \"$0\")/..\necho \"LIST='$house/apt/sources.list'\"\necho \"PARTS='$house/apt/parts/'\"\n";

/// A source tree, tools and a cache of their own.
struct House(TempDir);

impl House {
    fn new() -> House {
        let house = House(tempfile::tempdir().expect("there is room for a folder"));
        for folder in ["tools", "tree/arch/um", "tree/scripts/kconfig"] {
            std::fs::create_dir_all(house.path(folder)).unwrap();
        }
        for file in ["tree/Makefile", "tree/Kconfig"] {
            std::fs::write(house.path(file), "").unwrap();
        }
        house.script("tree/scripts/kconfig/merge_config.sh", MERGE);
        house.script("tools/make", MAKE);
        house.script("tools/gcc", "#!/bin/sh\necho pretended 1.0\n");
        house.script("tools/apt-get", APT_GET);
        house.script("tools/apt-config", APT_CONFIG);
        house.script("tools/dpkg-deb", DPKG_DEB);
        let sources = "Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\n";
        std::fs::create_dir_all(house.path("apt/parts")).unwrap();
        std::fs::write(house.path("apt/parts/debian.sources"), sources).unwrap();
        for tool in ["ld", "bc", "flex", "bison", "depmod"] {
            house.script(&format!("tools/{tool}"), "#!/bin/sh\n");
        }
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unreg"));
        command.arg("linux").args(arguments).current_dir(self.0.path());
        let tools = format!("{}:/usr/bin:/bin", self.path("tools").display());
        command.env("PATH", tools).env("UNREG_CACHE", self.path("cache")).env_remove("UNREG_KERNEL");
        command
    }

    fn unreg(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("unreg starts")
    }

    /// Builds the tree; the options follow.
    fn build(&self, options: &[&str]) -> Output {
        self.unreg(&[&["build", "--source", "tree"], options].concat())
    }

    /// How often a kernel was made.
    fn builds(&self) -> usize {
        std::fs::read_to_string(self.path("builds")).map_or(0, |text| text.lines().count())
    }

    /// What the cache holds, without locks.
    fn kept(&self) -> Vec<String> {
        let entries = self.path("cache/linux").read_dir().into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".lock")).collect()
    }

    /// What the cache holds of sources that were fetched, without locks.
    fn fetched(&self) -> Vec<String> {
        let entries = self.path("cache/sources").read_dir().into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".lock")).collect()
    }

    /// What apt was asked for.
    fn asked(&self) -> Vec<String> {
        let asked = std::fs::read_to_string(self.path("asked")).unwrap_or_default();
        asked.lines().map(str::to_string).collect()
    }

    fn touch(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Waits until a tool has begun, and kills its builder.
    fn kill_begun(&self, mut child: Child, begun: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        while !self.path(begun).exists() {
            assert!(Instant::now() < until, "nothing begins");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("unreg starts")
    }
}

/// Checks the exit code and that the output says all of these.
fn says(output: &Output, code: i32, words: &[&str]) {
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in:\n{said}");
    }
}

#[test]
fn a_kernel_is_built_once_for_each_tree_and_configuration() {
    let house = House::new();
    says(&house.build(&[]), 0, &["Linux 6.99-fake (fast, from ", "is built, in "]);
    says(&house.build(&[]), 0, &["is built already"]);
    assert_eq!((house.builds(), house.kept().len()), (1, 1), "{:?}", house.kept());
    says(&house.build(&["--config", "debug"]), 0, &["(debug, from"]);
    std::fs::write(house.path("tree/new.c"), "a change").unwrap();
    says(&house.build(&[]), 0, &["is built, in "]);
    house.script("tools/gcc", "#!/bin/sh\necho pretended 2.0\n");
    says(&house.build(&[]), 0, &["is built, in "]);
    assert_eq!((house.builds(), house.kept().len()), (4, 4), "{:?}", house.kept());
}

#[test]
fn a_change_that_git_does_not_track_is_a_change() {
    let house = House::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(house.path("tree")).args(["-c", "user.name=a", "-c", "user.email=a@b"]);
        assert!(command.args(arguments).output().expect("git runs").status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "a tree"]);
    house.build(&[]);
    std::fs::write(house.path("tree/new.c"), "one").unwrap();
    says(&house.build(&[]), 0, &["is built, in "]);
    std::fs::write(house.path("tree/new.c"), "two more").unwrap();
    says(&house.build(&[]), 0, &["is built, in "]);
    says(&house.build(&[]), 0, &["is built already"]);
    std::fs::write(house.path("tree/Kconfig"), "a change to a known file").unwrap();
    says(&house.build(&[]), 0, &["is built, in "]);
    assert_eq!(house.builds(), 4);
}

#[test]
fn the_kernel_goes_where_it_is_wanted_and_never_over_something_else() {
    let house = House::new();
    says(&house.build(&["--out", "some/where"]), 0, &["some/where"]);
    assert!(house.path("some/where/linux").is_file() && house.kept().is_empty());
    says(&house.build(&["--out", "some/where"]), 0, &["is built already"]);
    says(&house.build(&["--out", "some/where", "--config", "debug"]), 0, &["(debug"]);
    std::fs::create_dir(house.path("mine")).unwrap();
    std::fs::write(house.path("mine/thesis.tex"), "years of work").unwrap();
    says(&house.build(&["--out", "mine"]), 2, &["mine holds something else than a kernel"]);
    assert_eq!(std::fs::read_to_string(house.path("mine/thesis.tex")).unwrap(), "years of work");
    assert_eq!(house.builds(), 2);
}

#[test]
fn a_symbol_that_is_lost_is_named() {
    let house = House::new();
    std::fs::write(house.path("tree/lost"), "CONFIG_NETDEVSIM=\nCONFIG_VFIO_MDEV=\n").unwrap();
    let named =
        ["CONFIG_NETDEVSIM=m became n, as no Kconfig there defines it", "CONFIG_VFIO_MDEV=m became n"];
    says(&house.build(&[]), 2, &named);
    assert_eq!(house.builds(), 0);
}

#[test]
fn a_build_that_fails_shows_the_end_of_its_log_and_is_no_kernel() {
    let house = House::new();
    std::fs::write(house.path("tree/broken"), "").unwrap();
    says(&house.build(&[]), 2, &["build, some minutes failed", "the log is ", "main.c:7: error"]);
    says(&house.unreg(&["boot"]), 4, &["there is no kernel to ask yet"]);
    std::fs::remove_file(house.path("tree/broken")).unwrap();
    says(&house.build(&[]), 0, &["is built, in "]);
    assert_eq!(house.kept().len(), 1, "what failed is cleared away by what works: {:?}", house.kept());
}

#[test]
fn a_build_that_is_killed_leaves_nothing_that_looks_like_a_kernel() {
    let house = House::new();
    std::fs::write(house.path("tree/slow"), "").unwrap();
    house.kill_begun(house.begin(&["build", "--source", "tree"]), "tree/begun");
    says(&house.unreg(&["boot"]), 4, &["there is no kernel to ask yet"]);
    for file in ["tree/slow", "tree/begun"] {
        std::fs::remove_file(house.path(file)).unwrap();
    }
    says(&house.build(&[]), 0, &["is built, in "]);
}

#[test]
fn two_who_want_the_same_kernel_build_it_once() {
    let house = House::new();
    let builders = [0, 1].map(|_| house.begin(&["build", "--source", "tree"]));
    for mut builder in builders {
        assert!(builder.wait().unwrap().success());
    }
    assert_eq!(house.builds(), 1);
}

#[test]
fn missing_tools_are_named_with_their_packages() {
    let house = House::new();
    let mut command = house.command(&["build", "--source", "tree"]);
    let words = ["make (package make)", "bison (package bison)", "apt-get install make gcc binutils bc flex"];
    says(&command.env("PATH", house.path("nowhere")).output().unwrap(), 4, &words);
    let absent = house.unreg(&["build", "--package", "linux-source-0.1"]);
    says(&absent, 4, &["apt-get install linux-source-0.1", "--source DIR"]);
    let absent = house.unreg(&["build", "--release", "0.2"]);
    says(&absent, 4, &["apt-get install linux-source-0.2", "--source DIR"]);
    says(&house.unreg(&["build", "--release", "new"]), 2, &["two or three numbers"]);
}

#[test]
fn a_source_that_is_not_installed_is_fetched_once() {
    let house = House::new();
    let build = |config| house.unreg(&["build", "--release", "6.99", "--config", config]);
    says(
        &build("fast"),
        0,
        &["Linux 6.99-fake (fast, from ", "sources/linux-source-6.99.tar.gz) is built, in "],
    );
    assert_eq!(house.asked(), ["download", "update of our own sources", "download of our own sources"]);
    let seen = std::fs::read_to_string(house.path("seen")).unwrap();
    assert!(seen.contains("URIs: http://a.example/debian\nSuites: bookworm bookworm-backports "), "{seen}");
    says(&build("fast"), 0, &["is built already"]);
    says(&build("debug"), 0, &["is built, in "]);
    assert_eq!(house.asked().len(), 3, "it is there: {:?}", house.asked());
    assert_eq!(house.fetched(), ["linux-source-6.99.tar.gz"]);
    // A package's kernel of a release that is not modelled is asked when it is named.
    says(&house.unreg(&["boot"]), 4, &["unreg linux build"]);
    says(&house.unreg(&["boot", "--release", "6.99"]), 2, &["the guest does not come up"]);
}

#[test]
fn what_the_machines_own_apt_has_is_fetched_with_it() {
    let house = House::new();
    house.touch("own");
    says(&house.unreg(&["build", "--package", "linux-source-6.99"]), 0, &["is built, in "]);
    assert_eq!(house.asked(), ["download"]);
}

#[test]
fn a_source_that_cannot_be_fetched_ends_with_4_and_leaves_nothing() {
    let house = House::new();
    let fails = |words: &[&str]| {
        let output = house.unreg(&["build", "--release", "6.99"]);
        says(&output, 4, &[words, &["apt-get install linux-source-6.99", "--source DIR"]].concat());
        assert!(house.fetched().is_empty(), "{:?}", house.fetched());
    };
    for (how, why) in [
        ("offline", "a mirror cannot be reached"),
        ("unsigned", "apt-get install debian-archive-keyring"),
        ("broken", "Hash Sum mismatch"),
    ] {
        house.touch(how);
        fails(&[why]);
        house.remove(how);
    }
    std::fs::write(house.path("apt/parts/debian.sources"), "").unwrap();
    std::fs::write(house.path("apt/sources.list"), "deb https://b.example/linux bookworm stable\n").unwrap();
    fails(&["name no mirror of Debian"]);
    let unknown = house.unreg(&["build", "--release", "9.9"]);
    says(&unknown, 4, &["name no mirror of Debian"]);
    std::fs::write(house.path("apt/sources.list"), "deb http://a.example/debian sid main\n").unwrap();
    let unknown = house.unreg(&["build", "--release", "9.9"]);
    says(&unknown, 4, &["no suite of this machine's mirrors has a package linux-source-9.9"]);
    says(&house.unreg(&["build", "--package=--purge"]), 2, &["no package is called"]);
    assert!(house.fetched().is_empty() && house.kept().is_empty());
}

#[test]
fn without_apt_a_source_must_be_there() {
    let house = House::new();
    house.remove("tools/apt-get");
    for tool in ["tar", "xz"] {
        house.script(&format!("tools/{tool}"), "#!/bin/sh\n");
    }
    let mut command = house.command(&["build", "--release", "6.99"]);
    let output = command.env("PATH", house.path("tools")).output().unwrap();
    says(&output, 4, &["this machine has no apt-get", "--source DIR"]);
}

#[test]
fn a_download_that_is_killed_leaves_nothing_that_looks_like_a_source() {
    let house = House::new();
    house.touch("slow");
    house.kill_begun(house.begin(&["build", "--release", "6.99"]), "begun");
    assert!(house.fetched().iter().all(|name| name.starts_with(".fetching.")), "{:?}", house.fetched());
    house.remove("slow");
    says(&house.unreg(&["build", "--release", "6.99"]), 0, &["is built, in "]);
    assert_eq!(house.fetched(), ["linux-source-6.99.tar.gz"], "what was left is removed");
}

#[test]
fn a_symbol_that_is_gone_and_not_needed_is_no_reason_to_give_up() {
    let house = House::new();
    std::fs::write(house.path("tree/lost"), "CONFIG_READABLE_ASM=\n").unwrap();
    says(&house.build(&[]), 0, &["no longer knows CONFIG_READABLE_ASM", "is built, in "]);
    // It is there, and something else forbids it.
    std::fs::write(house.path("tree/Kconfig"), "config READABLE_ASM\n").unwrap();
    says(&house.build(&[]), 2, &["CONFIG_READABLE_ASM=y became n"]);
}

#[test]
fn a_folder_that_is_no_clean_kernel_source_is_refused() {
    let house = House::new();
    says(&house.unreg(&["build", "--source", "nowhere"]), 2, &["nowhere"]);
    says(&house.unreg(&["build", "--source", "tools"]), 2, &["is no kernel source: it has no Makefile"]);
    std::fs::write(house.path("tree/.config"), "").unwrap();
    says(&house.build(&[]), 2, &["was built in place", "make mrproper"]);
}

#[test]
fn without_a_kernel_all_that_needs_one_ends_with_4_and_says_what_to_do() {
    let house = House::new();
    std::fs::write(house.path("any.prog"), "# Anything.\ntask user\n  devlink.dump\n").unwrap();
    for arguments in [&["boot"][..], &["run", "any.prog"], &["conform", "--count", "1"]] {
        says(&house.unreg(arguments), 4, &["unreg linux build"]);
    }
    let debug = house.unreg(&["boot", "--config", "debug"]);
    says(&debug, 4, &["unreg linux build --config debug"]);
    let old = house.unreg(&["boot", "--release", "6.1"]);
    says(&old, 4, &["unreg linux build --release 6.1"]);
    says(&house.unreg(&["conform", "--explain"]), 0, &["Not compared:"]);
}

#[test]
fn an_old_kernel_is_asked_only_when_its_release_is_named() {
    let house = House::new();
    house.script("tools/make", &MAKE.replace("6.99-fake", "6.1.7"));
    says(&house.build(&[]), 0, &["Linux 6.1.7 (fast, from "]);
    says(&house.unreg(&["boot"]), 4, &["unreg linux build"]);
    says(&house.unreg(&["boot", "--release", "6.12"]), 4, &["unreg linux build --release 6.12"]);
    says(&house.unreg(&["boot", "--release", "6.1"]), 2, &["the guest does not come up"]);
}

/// Stands for a kernel that comes up.
const HELLO: &str = r#"echo '{"Hello":{"release":"6.99-fake","works":[]}}'"#;

#[test]
fn a_kernel_that_was_changed_is_refused_and_built_again() {
    let house = House::new();
    house.build(&[]);
    let kernel = house.path("cache/linux").join(&house.kept()[0]);
    std::fs::write(kernel.join("lib/modules/6.99-fake/more.ko"), "x").unwrap();
    says(&house.unreg(&["boot"]), 2, &["is not what was built: its modules are other than recorded"]);
    says(&house.build(&[]), 0, &["is built again: its modules are not what was built", "is built, in "]);
    says(&house.build(&[]), 0, &["is built already"]);
    std::fs::write(kernel.join("linux"), "#!/bin/sh\n").unwrap();
    says(&house.unreg(&["boot"]), 2, &["is not what was built: its binary is other than recorded"]);
    says(&house.build(&[]), 0, &["is built again: its binary is not what was built", "is built, in "]);
    assert_eq!(house.builds(), 3);
}

#[test]
fn a_kernel_of_before_hashes_is_taken_over_if_it_starts_and_built_again_if_not() {
    let house = House::new();
    house.script(
        "tools/make",
        &MAKE.replace("exit 3\\n' >", &format!("%s\\n' '{}' >", HELLO.replace('\'', "'\\''"))),
    );
    says(&house.build(&[]), 0, &["is built, in "]);
    let kernel = house.path("cache/linux").join(&house.kept()[0]);
    let forget = || {
        let about = std::fs::read_to_string(kernel.join("about.json")).unwrap();
        let mut about: serde_json::Value = serde_json::from_str(&about).unwrap();
        about.as_object_mut().unwrap().remove("seal").expect("hashes are recorded");
        std::fs::write(kernel.join("about.json"), about.to_string()).unwrap();
    };
    forget();
    says(
        &house.unreg(&["boot"]),
        4,
        &["was built before hashes of kernels were recorded", "unreg linux build"],
    );
    says(&house.build(&[]), 0, &["was built before hashes were recorded, and starts"]);
    says(&house.build(&[]), 0, &["is built already"]);
    says(&house.unreg(&["boot"]), 0, &["Linux 6.99-fake, up in"]);
    assert_eq!(house.builds(), 1);
    forget();
    std::fs::write(kernel.join("linux"), "#!/bin/sh\nexit 3\n").unwrap();
    says(&house.build(&[]), 0, &["is built again: the guest does not come up", "is built, in "]);
    assert_eq!(house.builds(), 2);
}

#[test]
fn a_kernel_that_does_not_come_up_is_shown_with_its_last_words() {
    let house = House::new();
    house.build(&[]);
    let boot = house.unreg(&["boot"]);
    says(&boot, 2, &["the guest does not come up", "exit status: 3", "no memory for a kernel"]);
}
