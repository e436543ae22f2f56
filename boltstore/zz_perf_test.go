package boltstore

import ("testing";"context";"fmt";"path/filepath";"time";"sort";"sync";"os"
"github.com/callerbook/contacts")

func TestPerfZ(t *testing.T){
 ctx:=context.Background()
 s,b,err:=openTestBook(filepath.Join(t.TempDir(),"b.db")); if err!=nil{t.Fatal(err)}
 defer s.Close()
 n:=100000
 var list []contacts.Contact
 for i:=0;i<n;i++{ list=append(list, contacts.Contact{FirstName:fmt.Sprint("First",i%5000),LastName:fmt.Sprint("Last",(i*7919)%30000),CellPhone:contacts.Phone{Number:fmt.Sprintf("+9198%08d",(i*7919)%100000000)}})}
 t0:=time.Now()
 if _,err:=b.CreateEach(ctx,list);err!=nil{t.Fatal(err)}
 t.Log("load us/contact", float64(time.Since(t0).Microseconds())/float64(n))
 fi,_:=os.Stat(s.Path()); t.Log("bytes/contact", fi.Size()/int64(n))
 var d []time.Duration
 for i:=0;i<1000;i++{ t0:=time.Now(); if _,err:=b.Create(ctx,contacts.Contact{FirstName:fmt.Sprint("New",i%50),LastName:fmt.Sprint("Person",(i*7919)%300),CellPhone:contacts.Phone{Number:fmt.Sprintf("+9197%08d",(i*7919)%100000000)}});err!=nil{t.Fatal(err)}; d=append(d,time.Since(t0))}
 sort.Slice(d,func(i,j int)bool{return d[i]<d[j]}); t.Log("create median", d[500], "p99", d[990])
 t0=time.Now(); var wg sync.WaitGroup
 for w:=0;w<64;w++{ wg.Go(func(){ for i:=0;i<50;i++{ b.Create(ctx,contacts.Contact{FirstName:"C",CellPhone:contacts.Phone{Number:fmt.Sprintf("+9196%08d",w*1000+i)}})}})}
 wg.Wait(); t.Log("64 creators/s", 3200/time.Since(t0).Seconds())
 t0=time.Now(); for i:=0;i<20000;i++{ m,err:=b.Lookup(ctx,list[i*3].CellPhone.Number,nil); if err!=nil||!m.Found(){t.Fatal(m,err)}}; t.Log("lookup", time.Since(t0)/20000)
 m,_:=b.Lookup(ctx,list[7].CellPhone.Number,nil)
 t0=time.Now(); for i:=0;i<20000;i++{ b.Get(ctx,m.Contact.ID)}; t.Log("get", time.Since(t0)/20000)
 t0=time.Now(); for i:=0;i<2000;i++{ b.List(ctx,&contacts.ListOptions{Limit:50,From:"last"})}; t.Log("page", time.Since(t0)/2000)
 t0=time.Now(); for i:=0;i<2000;i++{ b.Create(ctx,list[i])}; t.Log("dup", time.Since(t0)/2000)
}
