//! The contract on the memory backend.

use mailstore::MemoryStore;
use mailstore::contract::Subject;

struct Memory(MemoryStore);

impl Subject for Memory {
    type Store = MemoryStore;
    const HISTORIES: u32 = 10_000;

    async fn create() -> Self {
        Memory(MemoryStore::new())
    }

    fn store(&self) -> MemoryStore {
        self.0.clone()
    }

    async fn reopen(&mut self) -> bool {
        false
    }
}

mailstore::contract_tests!(Memory);

/// The same store, its type forgotten.
mod erased {
    use mailstore::contract::Subject;
    use mailstore::{DynStore, MemoryStore};

    struct Erased(DynStore);

    impl Subject for Erased {
        type Store = DynStore;

        async fn create() -> Self {
            Erased(DynStore::new(MemoryStore::new()))
        }

        fn store(&self) -> DynStore {
            self.0.clone()
        }

        async fn reopen(&mut self) -> bool {
            false
        }
    }

    mailstore::contract_tests!(Erased);
}
